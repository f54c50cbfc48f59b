"""Folders that are replaced whole or not at all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from expertkit.files import replace_folder


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below ``folder``, hidden ones included."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def write(target: Path, name: str = "new", *, fail: bool = False) -> None:
    """Replace ``target`` by one file, or fail half-way."""
    with replace_folder(target) as folder:
        (folder / "deep").mkdir()
        (folder / "deep" / name).write_bytes(b"new")
        if fail:
            raise RuntimeError("half-way")


def test_a_folder_appears_when_it_is_complete(tmp_path: Path) -> None:
    """Missing parents are made; everybody may read the folder."""
    write(tmp_path / "a/b")

    assert contents(tmp_path) == {"a/b/deep/new": b"new"}
    assert (tmp_path / "a/b").stat().st_mode & 0o777 == 0o755


def test_what_was_there_goes(tmp_path: Path) -> None:
    """Old and new files do not mix."""
    write(tmp_path / "b", "old")

    write(tmp_path / "b")

    assert contents(tmp_path) == {"b/deep/new": b"new"}


def test_a_failure_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    """Neither a half-written folder nor a temporary one stays."""
    write(tmp_path / "b", "old")

    with pytest.raises(RuntimeError, match="half-way"):
        write(tmp_path / "b", fail=True)

    assert contents(tmp_path) == {"b/deep/old": b"new"}


def test_a_failure_of_the_exchange_brings_the_old_folder_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the two renames nothing is lost."""
    write(tmp_path / "b", "old")
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if ".new-" in self.name and ".old-" not in target.name:
            raise OSError("disk")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OSError, match="disk"):
        write(tmp_path / "b")

    assert contents(tmp_path) == {"b/deep/old": b"new"}


def test_what_another_process_still_writes_stays(tmp_path: Path) -> None:
    """Two on one folder: neither takes the other's files away, and the last one to finish wins."""
    with replace_folder(tmp_path / "b") as slow:
        (slow / "slow").write_bytes(b"half")
        subprocess.run([sys.executable, "-c", _OTHER, str(tmp_path / "b")], check=True)
        (slow / "whole").write_bytes(b"whole")
        between = contents(tmp_path / "b")

    assert between == {"other": b"done"}
    assert contents(tmp_path) == {"b/slow": b"half", "b/whole": b"whole"}


_OTHER = """
import sys
import subprocess
import sys
from pathlib import Path
from expertkit.files import replace_folder
with replace_folder(Path(sys.argv[1])) as folder:
    (folder / "other").write_bytes(b"done")
"""


def test_what_a_killed_run_had_moved_aside_comes_back_even_if_the_next_one_fails(tmp_path: Path) -> None:
    """A run killed between the two renames leaves the old folder under another name only."""
    write(tmp_path / "b", "old")
    (tmp_path / "b").rename(tmp_path / ".b.old-x")

    with pytest.raises(RuntimeError, match="half-way"):
        write(tmp_path / "b", fail=True)

    assert contents(tmp_path) == {"b/deep/old": b"new"}


def test_leftovers_of_a_killed_run_go(tmp_path: Path) -> None:
    """The next run removes them, and those of no other folder."""
    for name in (".b.new-x", ".b.old-x", ".c.new-x"):
        (tmp_path / name).mkdir()

    write(tmp_path / "b")

    assert sorted(path.name for path in tmp_path.iterdir()) == [".c.new-x", "b"]
