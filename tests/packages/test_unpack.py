"""Members become files in a new folder, all of them as they were checked, or nothing does."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from expertkit.archives.archive import scan
from expertkit.errors import ExpertError, IntegrityError, PackagingError
from expertkit.packages.reading.unpack import unpack
from tests.archives.builders import encode

MEMBERS = {"a.json": b"{}", "docs/deep/b.txt": b"b" * 100_000, "docs/c.txt": b""}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package of three members."""
    path = tmp_path / "x.expert"
    path.write_bytes(encode(MEMBERS))
    return path


def found(folder: Path) -> dict[str, bytes]:
    """The files in a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("umask", [0, 0o022, 0o077])
def test_every_member_becomes_a_file(package: Path, tmp_path: Path, umask: int) -> None:
    """Plain files of one mode in folders of one mode, whatever the user's umask is."""
    before = os.umask(umask)

    try:
        unpack(package, tmp_path / "new", contents=scan(package))
    finally:
        os.umask(before)

    modes = {(path.is_dir(), stat.S_IMODE(path.stat().st_mode)) for path in (tmp_path / "new").rglob("*")}
    assert found(tmp_path / "new") == MEMBERS
    assert modes == {(False, 0o644), (True, 0o755)}
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o755


def test_nothing_is_replaced(package: Path, tmp_path: Path) -> None:
    """A folder, a file or a link of that name stays as it is."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")

    for name in ("folder", "file", "link"):
        with pytest.raises(PackagingError, match="expected no such folder yet"):
            unpack(package, tmp_path / name, contents=scan(package))

    assert (tmp_path / "file").read_text() == "mine"
    assert not (tmp_path / "elsewhere").exists()


def test_what_changed_since_it_was_checked_is_not_kept(package: Path, tmp_path: Path) -> None:
    """The archive is read again, and may have been replaced in between."""
    contents = scan(package)
    for members in ({**MEMBERS, "a.json": b"[]"}, {**MEMBERS, "z": b""}, {"a.json": b"{}"}):
        package.write_bytes(encode(members))

        with pytest.raises(IntegrityError, match="expected the members that were checked"):
            unpack(package, tmp_path / "new", contents=contents)

        assert list(tmp_path.iterdir()) == [package]


def test_a_damaged_archive_leaves_nothing(package: Path, tmp_path: Path) -> None:
    """Cut short in the middle of a member."""
    contents = scan(package)
    package.write_bytes(package.read_bytes()[:-20])

    with pytest.raises(ExpertError):
        unpack(package, tmp_path / "new", contents=contents)

    assert list(tmp_path.iterdir()) == [package]
