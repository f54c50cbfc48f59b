"""A released package is made again from what it tells, whatever has become of the project since."""

from __future__ import annotations

import json

import pytest

from tests.pipeline.workspace import BASE, Workspace

pytestmark = pytest.mark.line

_PACKAGE = f"dist/expert-sql-{BASE}.v1.0.0.expert"


def test_the_same_content_comes_out_after_the_project_went_on(workspace: Workspace) -> None:
    """Sources come from git as they were, settings from the package; the project stays as it is."""
    page = workspace.root / "experts/expert-sql/README.md"
    page.write_text("# Another page\n")
    _commit(workspace)
    workspace.override({"expert-sql": {"train": {"learning_rate": 0.5}}})
    before = workspace.must("git", "status", "--porcelain")

    found = json.loads(workspace.must("expert-cli", "reproduce", _PACKAGE, "--json"))

    assert found["identical"]
    assert found["content_digest"] == found["rebuilt_digest"] == workspace.digests()["expert-sql"]
    assert (found["members"], found["environment"]) == ([], [])
    assert found["figures"]["expert_score"][0] == found["figures"]["expert_score"][1]
    assert workspace.must("git", "status", "--porcelain") == before
    assert len(workspace.must("git", "worktree", "list").splitlines()) == 1


def test_sources_that_are_nowhere_are_told_before_anything_is_computed(workspace: Workspace) -> None:
    """What was packed from a modified source and never committed cannot be had again."""
    page = workspace.root / "experts/expert-sql/README.md"
    original = page.read_text()
    page.write_text("# Never committed\n")
    workspace.must("expert-cli", "package", "--expert", "expert-sql", "--base", BASE)
    page.write_text(original)

    package = f"build/packages/expert-sql-{BASE}/expert-sql-{BASE}.v1.0.0.expert"
    done = workspace.run("expert-cli", "reproduce", package, "--unsigned")

    assert done.returncode == 4
    assert done.stderr.splitlines()[2].startswith("Error: experts/expert-sql: expected the source of digest ")
    assert "got none in git and none here\nHint: git fetch" in done.stderr
    assert len(workspace.must("git", "worktree", "list").splitlines()) == 1


def _commit(workspace: Workspace) -> None:
    settings = ("-c", "user.name=nano", "-c", "user.email=nano@localhost")
    workspace.must("git", *settings, "commit", "-q", "-a", "-m", "another page")
