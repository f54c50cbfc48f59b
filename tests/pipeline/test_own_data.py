"""The guide for data of one's own does what it says: a folder and two lines make a new expert."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from tests.pipeline.runs import stage_runs, stages
from tests.pipeline.workspace import BASE, PROJECT, STAGES, Workspace

pytestmark = pytest.mark.line

_GUIDE = (PROJECT / "docs/own-data.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"^```(console|yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_DEFAULTS = yaml.safe_load((PROJECT / "params.yaml").read_text())["defaults"]["data"]
EXPERT = "expert-tickets"


def test_the_guide_makes_an_expert(workspace: Workspace) -> None:
    """Its commands print what it shows; nothing but params.yaml and the new folder differs, and only that is made."""
    before = len(stage_runs(workspace))
    for kind, block in _BLOCK.findall(_GUIDE):
        if kind == "yaml":
            _add(workspace, *block.splitlines())
        else:
            _type(workspace, block)

    done = workspace.release()

    runs = stage_runs(workspace)[: len(stage_runs(workspace)) - before]
    touched = workspace.must("git", "status", "--porcelain", "--untracked-files=normal").splitlines()
    assert done.returncode == 0, done.stderr
    assert stages(runs) == sorted([
        "recipes", "release", f"data@{EXPERT}", *(f"{stage}@{EXPERT}-{BASE}" for stage in STAGES),
    ])  # fmt: skip
    assert {row["expert"]: row["verdict"] for row in workspace.index()}[EXPERT] == "accepted"
    assert {Path(line[3:]).parts[0] for line in touched} <= {"params.yaml", "experts", "dvc.lock"}
    assert workspace.release().stdout == done.stdout


def test_other_data_is_another_release_and_a_leak_is_none(workspace: Workspace) -> None:
    """A row more makes the expert stale, and nobody else; a test file with a row of train stops the run."""
    for kind, block in _BLOCK.findall(_GUIDE):
        _add(workspace, *block.splitlines()) if kind == "yaml" else _type(workspace, block)
    workspace.must("dvc", "repro", f"data@{EXPERT}")
    rows = workspace.root / f"experts/{EXPERT}/data/tickets.jsonl"
    with rows.open("a") as file:
        file.write('{"customer": "The moon is missing", "product": "moon", "queue": "shipping"}\n')
    (rows.parent / "tickets-test.jsonl").write_text(rows.read_text().splitlines()[0] + "\n")

    status = workspace.must("dvc", "repro", "--dry", f"data@{EXPERT}")
    workspace.must("expert-cli", "recipes")
    changed = workspace.must("dvc", "status", f"data@{EXPERT}", "data@expert-sql")
    manifest = workspace.root / f"experts/{EXPERT}/manifest.json"
    manifest.write_text(manifest.read_text().replace("data/tickets.jsonl", "data"))
    leaking = workspace.release()

    assert "recipes" in status
    assert f"data@{EXPERT}" in changed
    assert "expert-sql" not in changed
    assert leaking.returncode == 1
    assert "tickets-test.jsonl:1: expected nothing that train has, got the question of" in leaking.stderr


def _add(workspace: Workspace, listed: str, mapped: str) -> None:
    """The guide's two lines, each where it says."""
    params, own = workspace.params(), yaml.safe_load(mapped)
    sizes = {key: _DEFAULTS[key] for key in ("train", "dev", "test")}  # those that the guide's figures are about
    overrides = {EXPERT: {**own[EXPERT], "data": sizes}}
    workspace.write_params({**params, "experts": [*params["experts"], *yaml.safe_load(listed)], "overrides": overrides})


def _type(workspace: Workspace, block: str) -> None:
    """Type the command of a block, which prints the rest of it."""
    first, _, shown = block.partition("\n")
    assert first.startswith("$ ")
    assert workspace.must(*shlex.split(first.removeprefix("$ "))) == shown
