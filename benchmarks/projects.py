"""Fresh copies of this project: with its own settings, or with the nano ones of the tests; made and released once.

A copy is what a clone of the working tree would hold; only the programs of the virtual environment are shared.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.commands import run, say
from expertkit.errors import ExpertError
from expertkit.files import read_json
from tests.pipeline.workspace import RELEASE, Workspace, commit_all, copy_project, make_workspace

_REFUSED = 1
"""The exit status of a release that came to its end and refused an expert."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """A copy after its first release, and what was found there before anything else changed it."""

    workspace: Workspace
    seconds: float
    status: int
    reports: tuple[dict[str, Any], ...]
    """The metrics.json of every expert and base."""
    digests: dict[str, str | None]


@cache
def copied(scratch: Path, *, is_nano: bool) -> Workspace:
    """A copy in which nothing has been run."""
    say(f"copying the project{', with nano settings' if is_nano else ''}")
    return make_workspace(scratch / "nano") if is_nano else _copy(scratch / "full")


@cache
def released(scratch: Path, *, is_nano: bool) -> Released:
    """A copy after what ``make run`` runs once everything is installed.

    Raises:
        ExpertError: the release did not come to its end.
    """
    workspace = copied(scratch, is_nano=is_nano)
    done = run(workspace, *RELEASE)
    reports = sorted(workspace.root.glob("build/evaluate/*/metrics.json"))
    if done.status not in {0, _REFUSED} or not (workspace.root / "dist/index.json").is_file():
        raise ExpertError(f"the first release: expected its table, got exit status {done.status}")
    return Released(
        workspace=workspace,
        seconds=done.seconds,
        status=done.status,
        reports=tuple(map(read_json, reports)),
        digests=digests(workspace),
    )


def digests(workspace: Workspace) -> dict[str, str | None]:
    """Content digest by expert and base; None for a refused one."""
    return {f"{row['expert']}-{row['base']}": row["content_digest"] for row in workspace.index()}


def _copy(folder: Path) -> Workspace:
    workspace = copy_project(folder)
    commit_all(workspace)
    return workspace
