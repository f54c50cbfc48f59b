"""Packages as bytes: a tar.gz with exactly one accepted form (docs/packaging.md).

Reading streams, writes nothing, and compares every header and every byte of padding with what writing
would have produced, so that no two programs can see two different packages in one file. What other
programs wrote can be read too, as ``legacy``: regular files in any order, under the same limits, never trusted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import IO

from expertkit.archives import tar
from expertkit.archives.gzip import MAGIC, Deflater, Form, Inflater, Limits
from expertkit.errors import FormatError
from expertkit.files import open_regular
from expertkit.members.contents import Contents, Part, collect, naming_errors
from expertkit.members.names import MAX_LEGACY_LENGTH, MAX_LENGTH, check_name, fold, order

LIMITS = Limits()

_CHUNK = 1 << 20
_MOST_TIMES = 1 << 10  # bytes of a pax header
_MOST_PADDING = 1 << 20  # bytes; programs pad to a record, of 10 KiB if not told otherwise


def write(
    file: IO[bytes], parts: Iterable[Part], *, packed: Callable[[int], None] = lambda _bytes: None
) -> dict[str, tuple[int, int]]:
    """Write the archive of ``parts``, which come in ``names.order``; give each one's bytes, plain and packed.

    Args:
        file: where to.
        parts: the members.
        packed: told after each chunk how many bytes went in.

    Raises:
        FormatError: a name, the order or a size is not one that would be read again.
    """
    deflater = Deflater(file)
    rules = _Rules(LIMITS, "archive")
    end = 0
    sizes: dict[str, tuple[int, int]] = {}
    before = deflater.packed()
    for part in parts:
        rules.admit(part.name, part.size)
        deflater.write(tar.header(part.name, part.size))
        written = 0
        for chunk in part.chunks:
            deflater.write(chunk)
            written += len(chunk)
            packed(len(chunk))
        if written != part.size:
            raise ValueError(f"{part.name}: expected {part.size} bytes, got {written}")
        deflater.write(bytes(tar.padding(part.size)))
        end += tar.BLOCK + part.size + tar.padding(part.size)
        after = deflater.packed()
        sizes[part.name] = (part.size, after - before)
        before = after
    deflater.write(bytes(tar.ending(end)))
    deflater.end()
    return sizes


def read(file: IO[bytes], *, limits: Limits = LIMITS, form: Form = "archive") -> Iterator[Part]:
    """The members of an archive in its order; each part's chunks are there until the next part is asked for.

    What follows the last member is checked when the iteration ends.

    Raises:
        FormatError: the archive has another form: any but the one that ``write`` gives, or for a legacy one, no
            regular files of a ustar or GNU tar alone.
    """
    stream = Inflater(file, limits=limits, form=form)
    rules = _Rules(limits, form)
    while any(block := stream.take(tar.BLOCK)):
        if form == "archive":
            name, size = tar.parse_header(block, offset=stream.offset - tar.BLOCK)
        else:
            name, size, kind = tar.parse_legacy_header(block, offset=stream.offset - tar.BLOCK)
            if kind != "file":
                _pass_over(stream, rules, name, size, kind)
                continue
        rules.admit(name, size)
        chunks = _chunks(stream, size)
        yield Part(name=name, size=size, chunks=chunks)
        for _unread in chunks:
            pass
        _take_zeros(stream, tar.padding(size))
    if form == "archive":
        _take_zeros(stream, tar.ending(stream.offset - tar.BLOCK) - tar.BLOCK)
    else:
        _take_ending(stream)
    stream.end()


def recognize(path: Path) -> Form | None:
    """Which form a file has by how it begins, None if it is no gzip data; what follows may still be wrong."""
    with open_regular(path) as file:
        try:
            stream = Inflater(file, limits=LIMITS, form="archive")
            tar.parse_header(stream.take(tar.BLOCK), offset=0)
        except FormatError:
            file.seek(0)
            return "legacy" if file.read(len(MAGIC)) == MAGIC else None
    return "archive"


def scan(
    path: Path, *, keep: Collection[str] = (), watch: Callable[[Part], Part] = lambda part: part,
    limits: Limits = LIMITS, form: Form = "archive", largest_kept: int = 4 << 20,
) -> Contents:  # fmt: skip
    """Read a whole archive: sizes, hashes, and the bytes of the members named in ``keep``.

    Args:
        path: the archive.
        keep: members whose bytes are wanted, each of at most ``largest_kept`` bytes.
        watch: what each member goes through; it gives the same bytes, and may refuse them.
        limits: how much it may make us do.
        form: which form it has to have.
        largest_kept: bytes.

    Raises:
        FormatError: the archive has another form, or ``watch`` refused a member.
    """
    with open_regular(path) as file, naming_errors(path):
        parts = map(watch, read(file, limits=limits, form=form))
        return collect(parts, form=form, keep=keep, largest_kept=largest_kept)


class _Rules:
    """What the names and sizes of an archive's members have to obey together."""

    def __init__(self, limits: Limits, form: Form) -> None:
        self._limits = limits
        self._is_ordered = form == "archive"
        self._max_length = MAX_LENGTH if form == "archive" else MAX_LEGACY_LENGTH
        self._last: tuple[bool, bytes] | None = None
        self._seen: set[str] = set()
        self._folders: set[str] = set()
        self._count = 0

    def admit(self, name: str, size: int) -> None:
        """Take note of the next member, or refuse it."""
        check_name(name, max_length=self._max_length)
        self.count()
        if size > self._limits.member:
            raise FormatError(f"member {name!r}: expected at most {self._limits.member} bytes, got {size}")
        if self._is_ordered and self._last is not None and order(name) <= self._last:
            raise FormatError(f"member {name!r}: expected names once and in order, got it too late or twice")
        folded = fold(name)
        folders = {folded[:at] for at, sign in enumerate(folded) if sign == "/"}
        if folded in self._seen or folded in self._folders or folders & self._seen:
            raise FormatError(f"member {name!r}: expected names that no file system confuses, got another like it")
        self._last = order(name)
        self._seen.add(folded)
        self._folders |= folders

    def admit_folder(self, name: str) -> None:
        """Take note of a folder, which is made anyway where a member lies in it."""
        check_name(name.removesuffix("/"), max_length=self._max_length)
        self.count()
        folded = fold(name.removesuffix("/"))
        if folded in self._seen:
            raise FormatError(f"member {name!r}: expected names that no file system confuses, got another like it")
        self._folders |= {folded} | {folded[:at] for at, sign in enumerate(folded) if sign == "/"}

    def count(self) -> None:
        """Take note that there is one more."""
        self._count += 1
        if self._count > self._limits.members:
            raise FormatError(f"archive: expected at most {self._limits.members} members, got more")


def _chunks(stream: Inflater, size: int) -> Iterator[bytes]:
    while size:
        chunk = stream.take(min(size, _CHUNK))
        size -= len(chunk)
        yield chunk


def _pass_over(stream: Inflater, rules: _Rules, name: str, size: int, kind: tar.Kind) -> None:
    """Leave out what a tar of other programs has beside files: folders, and headers with finer times."""
    if size > (_MOST_TIMES if kind == "times" else 0):
        raise FormatError(f"archive, {name[:120]!r}: expected no data of that size, got {size} bytes")
    if kind == "folder":
        rules.admit_folder(name)
    else:
        rules.count()
        tar.check_times(stream.take(size), offset=stream.offset)
        _take_zeros(stream, tar.padding(size))


def _take_ending(stream: Inflater) -> None:
    """The second block of zeros, and as many more as a program pads its archives with."""
    _take_zeros(stream, tar.BLOCK)
    for _ in range(_MOST_PADDING // tar.BLOCK + 1):
        if stream.is_at_end():
            return
        _take_zeros(stream, tar.BLOCK)
    raise FormatError(f"archive: expected at most {_MOST_PADDING} bytes after the end, got more", offset=stream.offset)


def _take_zeros(stream: Inflater, size: int) -> None:
    at = stream.offset
    if any(stream.take(size)):
        raise FormatError("archive: expected zeros as padding, got other bytes", offset=at)
