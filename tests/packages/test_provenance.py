"""Where a package comes from."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from expertkit.errors import PackagingError
from expertkit.packages.making.provenance import provenance, trace
from expertkit.sources import source_files
from tests.packages.builders import RECIPE, make_project, put

WHO = {
    "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com", "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.com", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull,
}  # fmt: skip


def git(folder: Path, *arguments: str) -> str:
    """What git prints in ``folder``."""
    done = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True, env={**os.environ, **WHO}
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with an expert, committed, and a second commit elsewhere."""
    git(tmp_path, "init", "--quiet")
    put(tmp_path / "expert/manifest.json", {})
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "one")
    put(tmp_path / "other.txt", b"other")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "two")
    return tmp_path


def test_the_commit_is_the_newest_that_touched_the_folder(repository: Path) -> None:
    """A later commit elsewhere does not count."""
    assert trace(repository / "expert")["commit"] == git(repository, "rev-parse", "HEAD~1")
    assert trace(repository / "other.txt")["commit"] == git(repository, "rev-parse", "HEAD")


@pytest.mark.parametrize("name", ["expert/manifest.json", "expert/new.txt"])
def test_a_modified_folder_has_no_commit(repository: Path, name: str) -> None:
    """Changed and added files both make the commit null and the digest another one."""
    before = trace(repository / "expert")
    put(repository / name, b"changed")

    after = trace(repository / "expert")

    assert after["commit"] is None
    assert after["digest"] != before["digest"]


def test_weights_hidden_files_and_caches_do_not_count(repository: Path) -> None:
    """What the line itself leaves behind changes neither digest nor commit."""
    before = trace(repository / "expert")
    for name in ("weights/nano/adapter_model.safetensors", "__pycache__/a.pyc"):
        put(repository / "expert" / name, b"x")
    (repository / ".gitignore").write_text("__pycache__/\n.hidden\n")
    put(repository / "expert/.hidden", b"x")

    assert trace(repository / "expert") == before


def test_without_git_there_is_a_digest_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside a repository, and without the program, the commit is null."""
    put(tmp_path / "expert/manifest.json", {})
    outside = trace(tmp_path / "expert")
    monkeypatch.setenv("PATH", "")

    without = trace(tmp_path / "expert")

    assert outside == without
    assert without["commit"] is None
    assert trace(tmp_path / "missing") == {"digest": None, "commit": None}


def test_a_link_is_refused(tmp_path: Path) -> None:
    """A link's target may be anything, and would be packed."""
    (tmp_path / "secret").symlink_to("/etc/hostname")

    with pytest.raises(PackagingError, match="symbolic link"):
        list(source_files(tmp_path))


def test_no_time_host_or_path_gets_in(tmp_path: Path) -> None:
    """Two projects in different places have the same provenance."""
    made = [
        provenance(make_project(tmp_path / name), RECIPE, recipe_digest="r", fingerprint="f", template_hash="t")
        for name in ("one", "two")
    ]

    assert made[0] == made[1]
    assert str(tmp_path) not in str(made[0])
    assert made[0]["data"] == "d" * 64
    assert made[0]["environment"] == {"torch": "2.13.0", "threads": 1}


@pytest.mark.parametrize("name", ["build/data/expert-mini/data.json", "build/train/expert-mini-nano/environment.json"])
def test_a_missing_record_is_an_error(tmp_path: Path, name: str) -> None:
    """Provenance has no gaps."""
    make_project(tmp_path)
    (tmp_path / name).unlink()

    with pytest.raises(PackagingError, match=name):
        provenance(tmp_path, RECIPE, recipe_digest="r", fingerprint="f", template_hash="t")
