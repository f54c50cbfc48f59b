"""Fresh copies of this project: with its own settings, or with the nano ones of the tests; made and released once.

A copy is what a clone of the working tree would hold; only the programs of the virtual environment are shared.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.commands import must, run, say
from expertkit.errors import ExpertError
from expertkit.files import read_json
from tests.pipeline.workspace import PROJECT, RELEASE, Workspace, make_workspace

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
    workspace = Workspace(root=folder / "project", home=folder / "home")
    for name in _files():
        target = workspace.root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PROJECT / name, target)
    for command in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "a copy")):
        must(workspace, "git", "-c", "user.name=bench", "-c", "user.email=bench@localhost", *command)
    return workspace


def _files() -> list[str]:
    """Every file of the working tree that git knows or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT, capture_output=True, text=True, check=True,
    ).stdout.split("\0")  # fmt: skip
    return [name for name in listed if name and (PROJECT / name).is_file()]
