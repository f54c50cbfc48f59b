"""git is asked, and its absence is one clear error."""

from __future__ import annotations

from pathlib import Path

import pytest

from expertkit import git
from expertkit.errors import DependencyError


def test_what_git_says_is_given_with_its_status(tmp_path: Path) -> None:
    """A folder of no repository is an answer, not an error."""
    outside = git.run(tmp_path, "rev-parse", "HEAD")
    made = git.run(tmp_path, "init", "--quiet")

    assert (outside.returncode, made.returncode) == (128, 0)
    assert "not a git repository" in outside.stderr


def test_without_git_the_program_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit status 3."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(DependencyError, match="expected git on PATH"):
        git.run(tmp_path, "status")
