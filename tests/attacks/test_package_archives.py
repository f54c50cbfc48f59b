"""Packages that are meant to do harm: every one is refused while it is read."""

from __future__ import annotations

import io
import resource
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from expertkit.archives import tar
from expertkit.archives.archive import scan
from expertkit.errors import ExpertError, FormatError
from tests.archives.builders import decode, encode, gzipped, member, tarred

GOOD = member("a.json", b"{}")


def made(name: str, *, kind: bytes = tarfile.REGTYPE, data: bytes = b"", **fields: str) -> bytes:
    """The tar layer that Python's own library writes for a good member and a bad one."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT if fields else tarfile.USTAR_FORMAT) as target:
        info = tarfile.TarInfo(name)
        info.type, info.size, info.linkname = kind, len(data), "a.json" if kind != tarfile.REGTYPE else ""
        info.pax_headers = fields
        target.addfile(info, io.BytesIO(data))
    return file.getvalue()


def patched(at: int, value: bytes, *, name: str = "b.json", data: bytes = b"{}") -> bytes:
    """A good archive whose second header has other bytes at ``at``, its checksum made right again."""
    block = bytearray(tar.header(name, len(data)))
    block[at : at + len(value)] = value
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return tarred(GOOD, bytes(block) + data + bytes(tar.padding(len(data))))


ATTACKS: dict[str, Callable[[], bytes]] = {
    # Written where it says, the file would land outside the folder that was chosen for it.
    "a name that climbs": lambda: tarred(GOOD, member("../../etc/cron.d/x")),
    "an absolute name": lambda: tarred(member("/etc/passwd"), GOOD),
    "a name that climbs inside": lambda: tarred(GOOD, member("b/../../x")),
    "a name with a backslash": lambda: tarred(GOOD, member("b\\..\\x")),
    "a name with a drive": lambda: tarred(member("C:x"), GOOD),
    # Some programs end the name at the zero byte or the line, others do not: two readers, two files.
    "a name with a zero byte": lambda: patched(6, b"\0.sh"),
    "a name with a line feed": lambda: tarred(GOOD, member("b\nc")),
    "a name outside ASCII": lambda: patched(0, b"\xc3\xa4"),
    # A link makes later members, or the reader, touch files outside.
    "a symbolic link": lambda: made("b.json", kind=tarfile.SYMTYPE),
    "a hard link": lambda: made("b.json", kind=tarfile.LNKTYPE),
    # Opening a FIFO waits for ever, opening a device reads or changes the computer.
    "a FIFO": lambda: made("b.json", kind=tarfile.FIFOTYPE),
    "a character device": lambda: made("b.json", kind=tarfile.CHRTYPE),
    "a block device": lambda: made("b.json", kind=tarfile.BLKTYPE),
    "a folder": lambda: made("b", kind=tarfile.DIRTYPE),
    "a contiguous file": lambda: patched(156, b"7"),
    "a file of the old type": lambda: patched(156, b"\0"),
    "an unknown type": lambda: patched(156, b"Z"),
    # A pax or GNU header renames or resizes the next member for those who know it, and not for others.
    "a pax path": lambda: made("b.json", path="../evil"),
    "a pax size": lambda: made("b.json", size="999999"),
    "a pax link": lambda: made("b.json", linkpath="/etc/passwd"),
    "a global pax header": lambda: patched(156, b"g"),
    "a GNU long name": lambda: patched(156, b"L"),
    "a GNU sparse file": lambda: patched(156, b"S"),
    "a name in two pieces": lambda: patched(345, b"../.."),
    # One name twice: one reader takes the first file, the next one the last.
    "a member twice": lambda: tarred(GOOD, GOOD),
    "two names that differ in case": lambda: tarred(member("A.json"), GOOD),
    "a file that is a folder": lambda: tarred(member("b"), member("b/c")),
    "a file that is a folder in capitals": lambda: tarred(member("B"), member("b/c")),
    # Order and fields are free in tar; a freedom is a place to hide or to mark packages.
    "members out of order": lambda: tarred(member("b"), member("a")),
    "a signature that is not last": lambda: tarred(member("signature.sig"), member("z")),
    "another mode": lambda: patched(100, b"0004755\0"),
    "another owner": lambda: patched(108, b"0001750\0"),
    "another time": lambda: patched(136, b"14524622000\0"),
    "an owner's name": lambda: patched(265, b"root"),
    "bytes in the padding of the header": lambda: patched(500, b"hidden"),
    "bytes in the padding of a member": lambda: tarred(GOOD[:-10] + b"hidden\0\0\0\0"),
    "bytes in the end blocks": lambda: tarred(GOOD)[:-10] + b"hidden\0\0\0\0",
    "a second archive after the end": lambda: tarred(GOOD) + tarred(member("b.json")),
    "a record too many": lambda: tarred(GOOD) + bytes(tar.RECORD),
    "a block too few": lambda: tarred(GOOD)[: -tar.BLOCK],
    "one end block": lambda: GOOD + bytes(tar.BLOCK),
    "no end": lambda: GOOD,
    "nothing": lambda: b"",
    # A size that is believed allocates, skips or wraps.
    "a size beyond the file": lambda: tarred(tar.header("a", 10_000_000)),
    "a size of eight gigabytes": lambda: tarred(tar.header("a", 8**11 - 1)),
    "a size in base 256": lambda: patched(124, b"\x80\0\0\0\0\0\0\0\0\0\0\2"),
    "a negative size": lambda: patched(124, b"-0000000001\0"),
    "a size with spaces": lambda: patched(124, b"         2 \0"),
    "a size with an underscore": lambda: patched(124, b"0000000_002\0"),
    "a wrong checksum": lambda: tarred(GOOD[:148] + b"000000\0 " + GOOD[156:]),
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_a_hostile_tar_layer_is_refused(attack: Callable[[], bytes]) -> None:
    """Whatever is not exactly what we would have written is a format error."""
    with pytest.raises(FormatError):
        decode(gzipped(attack()))


def test_the_good_member_alone_is_read() -> None:
    """The refusals above are not owed to the parts that are good."""
    assert decode(gzipped(tarred(GOOD, member("b.json", b"{}")))) == {"a.json": b"{}", "b.json": b"{}"}


SMALL = encode({"a.json": b"{}"})
COMPRESSIONS = {
    # Only the first gzip member is seen by some readers; the second may hold another archive.
    "a second gzip member": SMALL + SMALL,
    "a file name in the gzip header": SMALL[:3] + b"\x08" + SMALL[4:10] + b"evil\0" + SMALL[10:],
    "a time in the gzip header": SMALL[:4] + b"\1\2\3\4" + SMALL[8:],
    "another system in the gzip header": SMALL[:9] + b"\3" + SMALL[10:],
    "an extra field": SMALL[:3] + b"\x04" + SMALL[4:10] + b"\2\0xx" + SMALL[10:],
    "a wrong checksum": SMALL[:-8] + bytes(4) + SMALL[-4:],
    "a wrong length": SMALL[:-4] + bytes(4),
    "no trailer": SMALL[:-8],
    "bytes before": b"\0" + SMALL,
    "a bare tar": tarred(GOOD),
    "a zip file": b"PK\3\4" + SMALL,
    "zstandard": b"\x28\xb5\x2f\xfd" + SMALL,
    "noise": bytes(range(256)) * 8,
}


@pytest.mark.parametrize("data", COMPRESSIONS.values(), ids=COMPRESSIONS.keys())
def test_a_hostile_gzip_layer_is_refused(data: bytes) -> None:
    """There is one gzip header, one gzip member and nothing around it."""
    with pytest.raises(FormatError):
        decode(data)


BOMB = """
import sys
from pathlib import Path
from expertkit.errors import FormatError
from expertkit.archives.archive import scan

def most():  # ru_maxrss would begin with what the process had that started this one
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))

before = most()
try:
    scan(Path(sys.argv[1]))
except FormatError:
    print(most() - before)
"""


def bomb_of_zeros() -> bytes:
    """A gigabyte of zeros in about a megabyte."""
    return gzipped(tar.header("a", 2**30 - 1) + bytes(2**30 - 1), level=9)


def bomb_of_members() -> bytes:
    """A hundred thousand empty members in some hundred kilobytes."""
    return gzipped(b"".join(tar.header(f"m{index:06}", 0) for index in range(100_000)), level=6)


@pytest.mark.parametrize("bomb", [bomb_of_zeros, bomb_of_members], ids=["zeros", "members"])
def test_a_bomb_costs_little(tmp_path: Path, bomb: Callable[[], bytes]) -> None:
    """A small file that unpacks to a large one is refused within seconds and 200 MB."""
    path = tmp_path / "bomb.expert"
    path.write_bytes(bomb())
    environment = {"PYTHONPATH": ":".join(entry for entry in sys.path if entry)}
    started = time.monotonic()

    done = subprocess.run(
        [sys.executable, "-c", BOMB, path], capture_output=True, text=True, check=True, env=environment
    )

    assert int(done.stdout) < 200 * 1024  # VmHWM counts KiB
    assert time.monotonic() - started < 10


def test_nothing_is_written_while_reading(tmp_path: Path) -> None:
    """A package is read without a single file being opened for writing, so that no name in it can matter."""
    (tmp_path / "a.expert").write_bytes(gzipped(tarred(GOOD, member("../../x"))))
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limit[1]))
    try:
        with pytest.raises(ExpertError):
            scan(tmp_path / "a.expert")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)

    assert [path.name for path in tmp_path.iterdir()] == ["a.expert"]
