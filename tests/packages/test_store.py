"""The store of packages: put once, never changed, mapped."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from expertkit.errors import FormatError, IntegrityError, PackagingError
from expertkit.files import sha256_bytes
from expertkit.packages.store import Store


def test_what_was_put_in_is_found_by_its_digest(tmp_path: Path) -> None:
    """The bytes are the same, and nobody may write to file or folder."""
    (tmp_path / "a.expert").write_bytes(b"package")

    store = Store(tmp_path / "store")
    digest = store.put(tmp_path / "a.expert")

    path = store.path(digest)
    assert digest == sha256_bytes(b"package")
    assert bytes(store.open(digest).view(0, 7)) == b"package"
    assert [stat.S_IMODE(each.stat().st_mode) for each in (path, path.parent)] == [0o444, 0o555]


def test_putting_again_changes_nothing(tmp_path: Path) -> None:
    """The file that is there stays the very same one."""
    (tmp_path / "a.expert").write_bytes(b"package")
    store = Store(tmp_path / "store")
    before = store.path(store.put(tmp_path / "a.expert")).stat()

    after = store.path(store.put(tmp_path / "a.expert")).stat()

    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert len([*(tmp_path / "store").glob("[!.]*")]) == 1


def test_many_at_once_make_one(tmp_path: Path) -> None:
    """Nobody sees half a package, and nothing is left over."""
    (tmp_path / "a.expert").write_bytes(bytes(300_000))
    store = Store(tmp_path / "store")

    with ThreadPoolExecutor(8) as pool:
        digests = {*pool.map(lambda _: store.put(tmp_path / "a.expert"), range(32))}

    assert [path.name for path in (tmp_path / "store").iterdir() if path.name != ".lock"] == [*digests]


def test_a_mapped_package_outlives_its_name(tmp_path: Path) -> None:
    """The source may be cut and the stored file removed while it is in use."""
    (tmp_path / "a.expert").write_bytes(b"x" * 100_000)
    store = Store(tmp_path / "store")
    digest = store.put(tmp_path / "a.expert")
    source = store.open(digest)

    (tmp_path / "a.expert").write_bytes(b"")
    store.path(digest).parent.chmod(0o755)
    store.path(digest).unlink()

    assert bytes(source.view(0, source.size)) == b"x" * 100_000


def test_what_is_not_there_or_may_be_changed_is_refused(tmp_path: Path) -> None:
    """A file that somebody may write to could change while it is mapped."""
    (tmp_path / "a.expert").write_bytes(b"package")
    store = Store(tmp_path / "store")
    digest = store.put(tmp_path / "a.expert")
    store.path(digest).chmod(0o644)

    with pytest.raises(IntegrityError, match="nobody may write to"):
        store.open(digest)
    with pytest.raises(PackagingError, match="no such file"):
        store.open("0" * 64)
    with pytest.raises(ValueError, match="SHA-256"):
        store.path("../../etc/passwd")


def test_a_folder_or_a_missing_file_is_not_put_in(tmp_path: Path) -> None:
    """Nothing is left of the attempt."""
    store = Store(tmp_path / "store")

    with pytest.raises(FormatError, match="got a folder"):
        store.put(tmp_path)
    with pytest.raises(FileNotFoundError):
        store.put(tmp_path / "none")

    assert [path.name for path in (tmp_path / "store").iterdir()] == [".lock"]


def test_what_was_changed_or_left_behind_is_replaced_when_it_is_put_in_again(tmp_path: Path) -> None:
    """Other bytes under its digest, a file that may be written to, and what a killed process left."""
    (tmp_path / "a.expert").write_bytes(b"package")
    store = Store(tmp_path / "store")
    digest = store.put(tmp_path / "a.expert")
    (tmp_path / "store/.new-left").mkdir(mode=0o500)

    for damage in (b"damaged", None):
        store.path(digest).chmod(0o644)
        if damage is not None:
            store.path(digest).write_bytes(damage)
            store.path(digest).chmod(0o444)
        assert store.put(tmp_path / "a.expert") == digest
        assert bytes(store.open(digest).view(0, 7)) == b"package"

    assert not [*(tmp_path / "store").glob(".new-*")]
