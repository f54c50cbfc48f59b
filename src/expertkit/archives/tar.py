"""The tar layer of a package: one header form, two zero blocks, padding to whole records (docs/packaging.md).

Python's tarfile is not used: its headers differ between versions, and it reads many forms of one archive.
"""

from __future__ import annotations

import re
from typing import Literal

from expertkit.errors import FormatError

BLOCK = 512
RECORD = 20 * BLOCK
MAX_SIZE = 8**11 - 1  # eleven octal digits

Kind = Literal["file", "folder", "times"]

_LEGACY_KINDS: dict[bytes, Kind] = {b"0": "file", b"\0": "file", b"5": "folder", b"x": "times"}
_TIME_RECORD = re.compile(rb"(\d{1,3}) (?:mtime|atime|ctime)=-?\d{1,20}(?:\.\d{1,20})?\n")

_TYPES = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a device",
    b"4": "a device",
    b"5": "a folder",
    b"6": "a FIFO",
    b"x": "a pax header",
    b"g": "a global pax header",
    b"L": "a GNU long name",
    b"K": "a GNU long link",
    b"S": "a sparse file",
}


def header(name: str, size: int) -> bytes:
    """The 512 bytes before a member's data."""
    fields = [
        name.encode().ljust(100, b"\0"),
        b"0000644\0",  # mode
        b"0000000\0",  # user id
        b"0000000\0",  # group id
        b"%011o\0" % size,
        b"00000000000\0",  # modification time
        b" " * 8,  # checksum, counted as spaces
        b"0",  # a regular file
        bytes(100),  # link target
        b"ustar\x0000",
        bytes(32 + 32),  # user and group name
        bytes(8 + 8),  # device numbers
        bytes(155 + 12),  # name prefix, padding
    ]
    block = b"".join(fields)
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def parse_header(block: bytes, *, offset: int) -> tuple[str, int]:
    """Name and size in a header that is exactly the one we write.

    Raises:
        FormatError: another kind of member, or any other field differs.
    """
    kind = _TYPES.get(block[156:157])
    if kind:
        raise FormatError(f"archive: expected a regular file, got {kind}", offset=offset)
    try:
        name = block[:100].rstrip(b"\0").decode("ascii")
        size = int(block[124:135].decode("ascii"), 8)
    except ValueError as error:
        raise FormatError("archive: expected a ustar header, got other bytes", offset=offset) from error
    if size < 0 or header(name, size) != block:
        raise FormatError(f"archive, {name!r}: expected the canonical ustar header, got another", offset=offset)
    return name, size


def parse_legacy_header(block: bytes, *, offset: int) -> tuple[str, int, Kind]:
    """Name, size and kind in a header of another program, POSIX ustar or GNU; owner, mode and time are not looked at.

    Raises:
        FormatError: it is no regular file, folder or pax header, or no header of one of these two forms.
    """
    kind = _LEGACY_KINDS.get(block[156:157])
    if kind is None and block[156:157] in _TYPES:
        name = block[:100].rstrip(b"\0").decode("ascii", errors="replace")
        raise FormatError(
            f"archive, {name!r}: expected a regular file or folder, got {_TYPES[block[156:157]]}", offset=offset
        )
    magic = block[257:265]
    if magic not in {b"ustar\x0000", b"ustar  \0"} or kind is None:
        raise FormatError("archive: expected a ustar or GNU header of a regular file, got other bytes", offset=offset)
    if _octal(block[148:156], offset) != sum(block[:148] + b" " * 8 + block[156:]):
        raise FormatError("archive: expected a header with its checksum, got another", offset=offset)
    prefix = _text(block[345:500], offset) if magic == b"ustar\x0000" else ""
    name = _text(block[:100], offset)
    return f"{prefix}/{name}" if prefix else name, _octal(block[124:136], offset), kind


def check_times(records: bytes, *, offset: int) -> None:
    """Return if the records of a pax header are times alone: what else they say changes the member that follows.

    Raises:
        FormatError: they say something else, or are malformed.
    """
    at = 0
    while at < len(records):
        match = _TIME_RECORD.match(records, at)
        if match is None or int(match[1]) != match.end() - at:
            raise FormatError("archive: expected a pax header that holds times alone, got another", offset=offset)
        at = match.end()


def _octal(field: bytes, offset: int) -> int:
    """Digits between spaces and zero bytes; the GNU form for numbers of base 256 is refused."""
    match = re.fullmatch(rb" *([0-7]+)[ \0]*", field)
    if match is None:
        raise FormatError("archive: expected an octal number, got other bytes", offset=offset)
    return int(match[1], 8)


def _text(field: bytes, offset: int) -> str:
    """ASCII up to the first zero byte, and nothing but zero bytes after it."""
    text, _, rest = field.partition(b"\0")
    if rest.strip(b"\0") or not text.isascii():
        raise FormatError("archive: expected an ASCII name, got other bytes", offset=offset)
    return text.decode("ascii")


def padding(size: int) -> int:
    """Zero bytes after a member of ``size`` bytes."""
    return -size % BLOCK


def ending(data_end: int) -> int:
    """Zero bytes after the last member, which ends at ``data_end``: two blocks, then up to a whole record."""
    return 2 * BLOCK + -(data_end + 2 * BLOCK) % RECORD
