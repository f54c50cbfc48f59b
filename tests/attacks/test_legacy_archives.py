"""Archives of other programs that are meant to do harm: the freedom that they have is order, owner and time alone."""

from __future__ import annotations

import io
import os
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from expertkit.archives import archive, tar
from expertkit.archives.archive import scan
from expertkit.errors import ExpertError, FormatError
from expertkit.packages.reading.unpack import unpack
from tests.archives.builders import gzipped, member, tarred
from tests.attacks.test_package_archives import COMPRESSIONS, GOOD, bomb_of_members, bomb_of_zeros, patched

HARMLESS = frozenset({
    "another mode", "another owner", "another time", "an owner's name", "bytes in the padding of the header",
    "members out of order", "a signature that is not last", "a file of the old type", "a size with spaces",
    "a record too many", "one end block", "a block too few", "a folder",
})  # fmt: skip
"""What the one form forbids and other programs write."""


def long_name(prefix: bytes, name: str) -> bytes:
    """A ustar header whose name stands in two pieces."""
    block = bytearray(tar.header(name, 0))
    block[345 : 345 + len(prefix)] = prefix
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def gnu(**fields: object) -> bytes:
    """The tar layer that GNU's format gives for one member."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as target:
        info = tarfile.TarInfo("b.json")
        for name, value in fields.items():
            setattr(info, name, value)
        target.addfile(info, io.BytesIO(bytes(info.size)))
    return file.getvalue()


def folder(name: str) -> bytes:
    """A header of a folder."""
    block = bytearray(tar.header(name, 0))
    block[156:157] = b"5"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def times(*records: bytes) -> bytes:
    """A good member behind a pax header of these records."""
    data = b"".join(records)
    block = bytearray(member("PaxHeaders/b", data))
    block[156:157] = b"x"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block[:512])
    return tarred(GOOD, bytes(block), member("b", b"{}"))


ATTACKS: dict[str, Callable[[], bytes]] = {
    # The name in the prefix field is joined to the other by some readers and not by others.
    "a prefix that climbs": lambda: tarred(GOOD, long_name(b"..", "x")),
    "an absolute prefix": lambda: tarred(GOOD, long_name(b"/etc", "x")),
    "a prefix with a zero byte inside": lambda: tarred(GOOD, long_name(b"a\0b", "x")),
    "a prefix that ends in a slash": lambda: tarred(GOOD, long_name(b"a/", "x")),
    "a name of over 200 characters": lambda: tarred(GOOD, long_name(b"a" * 120, "x" * 90)),
    # Folders and times are passed over; what else stands in their places is not.
    "a folder with data": lambda: patched(156, b"5"),
    "a folder that climbs": lambda: tarred(GOOD, folder("../x/")),
    "a folder called as a file": lambda: tarred(GOOD, folder("a.json/")),
    "a path among the times": lambda: times(b"20 mtime=1234567890\n", b"11 path=..\n"),
    "a size among the times": lambda: times(b"9 size=9\n"),
    "a time of a length that lies": lambda: times(b"40 mtime=1234567890\n"),
    "many times": lambda: times(*[b"20 mtime=1234567890\n"] * 60),
    # What GNU's tar adds to its format changes the next member's name, or where the data lies.
    "a long name of GNU": lambda: gnu(name="a" * 150),
    "a long link of GNU": lambda: gnu(type=tarfile.SYMTYPE, linkname="b" * 150),
    "a number of base 256": lambda: patched(124, b"\x80" + bytes(10) + b"\2"),
    "a volume's label": lambda: patched(156, b"V"),
    "a part of a file": lambda: patched(156, b"M"),
    "a folder with names": lambda: patched(156, b"D"),
    # Not every program writes a magic; without one, the fields behind it may be anything.
    "no magic": lambda: patched(257, bytes(8)),
    "another magic": lambda: patched(257, b"ustar\x0011"),
    # The same file twice, or one that is a folder: the last one wins, or the first.
    "a member twice": lambda: tarred(GOOD, member("b"), GOOD),
    "two names that differ in case": lambda: tarred(member("b"), GOOD, member("A.json")),
    "a folder that is a file": lambda: tarred(member("b/c"), member("b")),
    # A size that is no number of its base.
    "a size of nines": lambda: patched(124, b"99999999999\0"),
    "a size with a sign": lambda: patched(124, b"+0000000002\0"),
    "no size": lambda: patched(124, bytes(12)),
}


def read(data: bytes) -> dict[str, bytes]:
    """The members of a legacy archive, read to its end."""
    return {part.name: b"".join(part.chunks) for part in archive.read(io.BytesIO(data), form="legacy")}


def inherited() -> dict[str, Callable[[], bytes]]:
    """The attacks on the one form that are attacks here too."""
    from tests.attacks.test_package_archives import ATTACKS as CANONICAL

    return {name: attack for name, attack in CANONICAL.items() if name not in HARMLESS}


@pytest.mark.parametrize("attack", [*ATTACKS.values(), *inherited().values()], ids=[*ATTACKS, *inherited()])
def test_a_hostile_tar_layer_is_refused(attack: Callable[[], bytes]) -> None:
    """Links, devices, climbing names, repeated names and sizes that lie are refused in either form."""
    with pytest.raises(FormatError):
        read(gzipped(attack()))


@pytest.mark.parametrize("name", sorted(HARMLESS))
def test_what_other_programs_write_is_read(name: str) -> None:
    """The list of what is harmless is no longer than it has to be, and each member comes out as it went in."""
    from tests.attacks.test_package_archives import ATTACKS as CANONICAL

    data = CANONICAL[name]()
    if name in {"one end block", "a block too few"}:  # another program ends after two blocks, without a record
        data = GOOD + bytes(2 * tar.BLOCK)

    found = read(gzipped(data))

    assert found or name == "a folder"
    assert found.get("a.json", b"{}") == b"{}"


def test_what_pythons_library_writes_is_read() -> None:
    """Folders, and pax headers with times of fractions of a second; nothing else of theirs counts."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as target:
        for name, kind in (("weights", tarfile.DIRTYPE), ("weights/a.json", tarfile.REGTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.mtime, info.size = kind, 1234567890.25, 2 * (kind == tarfile.REGTYPE)
            target.addfile(info, io.BytesIO(b"{}"))

    assert read(gzipped(file.getvalue())) == {"weights/a.json": b"{}"}


@pytest.mark.parametrize("name", sorted(COMPRESSIONS))
def test_a_hostile_gzip_layer_is_refused(name: str) -> None:
    """Names, times and systems in the gzip header are other programs'; everything else is an error."""
    harmless = {"a file name in the gzip header", "a time in the gzip header", "another system in the gzip header"}
    if name in harmless | {"an extra field"}:
        read(COMPRESSIONS[name])
    else:
        with pytest.raises(FormatError):
            read(COMPRESSIONS[name])


@pytest.mark.parametrize("bomb", [bomb_of_zeros, bomb_of_members], ids=["zeros", "members"])
def test_a_bomb_is_refused(tmp_path: Path, bomb: Callable[[], bytes]) -> None:
    """The limits are those of our own packages."""
    (tmp_path / "bomb.expert").write_bytes(bomb())

    with pytest.raises(FormatError):
        scan(tmp_path / "bomb.expert", form="legacy")


def test_a_link_that_is_put_in_the_way_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who can write beside us changes a folder of ours into a link while we unpack."""
    outside, package = tmp_path / "outside", tmp_path / "x.expert"
    outside.mkdir()
    package.write_bytes(gzipped(tarred(member("a"), member("docs/b", b"b"))))
    mkdir = os.mkdir

    def link_instead(name: str, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        if name == "docs":
            os.symlink(outside, name, dir_fd=dir_fd)
        mkdir(name, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "mkdir", link_instead)

    with pytest.raises((ExpertError, OSError)):
        unpack(package, tmp_path / "new", contents=scan(package))

    assert list(outside.iterdir()) == []
    assert not (tmp_path / "new").exists()


def test_the_harmless_ones_are_still_one_gzip_member() -> None:
    """A legacy archive is read to the end of its file."""
    data = gzipped(tarred(GOOD))

    read(data)
    with pytest.raises(FormatError):
        read(data + b"\0")
    with pytest.raises(FormatError):
        read(data + zlib.compress(b"", wbits=31))
