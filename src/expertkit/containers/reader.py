"""A container, opened: everything but the sections is checked at once, each section before its first use."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Sequence

from expertkit.containers import codecs, header, limits, signatures, toc
from expertkit.containers.header import Header
from expertkit.containers.settings import ALIGNMENT
from expertkit.containers.sources import Source
from expertkit.containers.toc import Entry, align
from expertkit.errors import FormatError, IntegrityError
from expertkit.members.signatures import Signature


class Container:
    """The sections of a container, read when they are asked for. Several threads may read at the same time."""

    def __init__(self, source: Source) -> None:
        """Check all that can be checked without the sections, in time that grows with their number alone.

        Raises:
            FormatError: the file is none of this format, or says something else than where its bytes lie.
            IntegrityError: header, metadata or TOC changed.
        """
        self.source = source
        head = bytes(source.view(0, min(header.SIZE, source.size)))
        self.header = header.decode(head)
        _check_outline(self.header, size=source.size)
        self.metadata = bytes(source.view(header.SIZE, header.SIZE + self.header.metadata_size))
        """The packed manifest."""
        table = bytes(source.view(self.header.toc_at, self.header.toc_at + self.header.toc_size))
        _check_root(self.header, header.without_digest(head), self.metadata, table)
        self.entries = toc.decode(table, at=self.header.toc_at)
        check_places(self.header, self.entries, size=source.size)
        _check_zeros(source, header.SIZE + self.header.metadata_size, self.header.toc_at)
        self.signatures = self._read_signatures()
        self._intact: set[int] = set()

    @property
    def root(self) -> str:
        """The root digest, in hex."""
        return self.header.root.hex()

    def stored(self, entry: Entry) -> memoryview:
        """The stored bytes of a section, whose digest was compared, and padding before them.

        Raises:
            IntegrityError: they changed.
            FormatError: the padding is not zeros.
        """
        data = self.source.view(entry.at, entry.end)
        if entry.id in self._intact:
            return data
        self.source.expect(entry.at, entry.end)
        _check_zeros(self.source, self.entries[entry.id - 2].end if entry.id > 1 else self._toc_end, entry.at)
        found = hashlib.sha256(data).digest()
        if found != entry.digest:
            message = f"{entry.describe()}: expected SHA-256 {entry.digest.hex()}, got {found.hex()}"
            raise IntegrityError(message, offset=entry.at)
        if self.source.is_stable:
            self._intact.add(entry.id)
        return data

    def chunks(self, entry: Entry, *, into: memoryview | None = None) -> Generator[memoryview, None, None]:
        """The bytes of a section in pieces of at most 1 MiB, each valid until the next is asked for, or no more is.

        Args:
            entry: the section.
            into: ``entry.raw`` bytes in which each piece gets its place, if it is to be valid longer.

        Raises:
            IntegrityError: its stored bytes changed.
            FormatError: they are not what its codec gives.
        """
        stored = self.stored(entry)
        try:
            yield from codecs.decode(stored, codec=entry.codec, size=entry.raw, into=into)
        except FormatError as error:
            raise FormatError(f"{entry.describe()}: {error}", offset=entry.at + (error.offset or 0)) from error

    def read(self, entry: Entry, *, into: memoryview | None = None) -> memoryview:
        """The bytes of a section: a view of the file where it is stored as it is, a copy elsewhere.

        Args:
            entry: the section.
            into: ``entry.raw`` bytes to decode to, if not new ones; what is stored as it is stays a view.

        Raises:
            IntegrityError, FormatError: as for ``chunks``.
        """
        if entry.codec == codecs.RAW:
            return self.stored(entry)
        data = memoryview(bytearray(entry.raw)) if into is None else into
        for _decoded in self.chunks(entry, into=data):
            pass
        return data.toreadonly()

    def _read_signatures(self) -> tuple[Signature, ...]:
        begin, size = self.header.signatures_at, self.header.signatures_size
        if not begin:
            return ()
        _check_zeros(self.source, self.header.content_end, begin)
        return signatures.decode(bytes(self.source.view(begin, begin + size)), at=begin)

    @property
    def _toc_end(self) -> int:
        return self.header.toc_at + self.header.toc_size


def _check_outline(found: Header, *, size: int) -> None:
    """Return if metadata, TOC and signatures lie where they have to, before any of them is read."""
    metadata_end = header.SIZE + found.metadata_size
    toc_at = align(metadata_end, ALIGNMENT)
    end = found.signatures_at + found.signatures_size if found.signatures_at else found.content_end
    signatures_at = align(found.content_end, ALIGNMENT) if found.signatures_at or found.signatures_size else 0
    rules = (
        (found.metadata_at == header.SIZE, f"metadata at {header.SIZE}", found.metadata_at, 24),
        (2 <= found.metadata_size <= limits.METADATA, f"2 to {limits.METADATA} bytes of metadata",
         found.metadata_size, 32),
        (found.toc_at == toc_at, f"the TOC at {toc_at}", found.toc_at, 40),
        (found.toc_size == toc.SIZE * found.sections, f"{toc.SIZE * found.sections} bytes of TOC", found.toc_size, 48),
        (toc_at + found.toc_size <= found.content_end <= size, f"the content's end within {size} bytes",
         found.content_end, 56),
        (found.signatures_at == signatures_at, f"signatures at {signatures_at}", found.signatures_at, 96),
        (found.signatures_size <= signatures.largest(), f"at most {signatures.largest()} bytes of signatures",
         found.signatures_size, 104),
        (end == size, f"a file of {end} bytes", size, min(end, size)),
    )  # fmt: skip
    for holds, expected, got, offset in rules:
        if not holds:
            raise FormatError(f"header: expected {expected}, got {got}", offset=offset)


def _check_root(found: Header, *parts: bytes) -> None:
    digest = hashlib.sha256(b"".join(parts)).digest()
    if digest != found.root:
        message = f"root: expected SHA-256 {found.root.hex()} of header, metadata and TOC, got {digest.hex()}"
        raise IntegrityError(message, offset=64)


def check_places(found: Header, entries: Sequence[Entry], *, size: int) -> None:
    """Return if every section begins after the one before, the content ends with the last, and they are not too much.

    Raises:
        FormatError: they are not so.
    """
    end = found.toc_at + found.toc_size
    for entry in entries:
        place = found.toc_at + (entry.id - 1) * toc.SIZE
        if entry.at != align(end, entry.alignment):
            message = f"{entry.describe()}: expected it at {align(end, entry.alignment)}, got {entry.at}"
            raise FormatError(message, offset=place + 16)
        if entry.end > found.content_end:
            message = f"{entry.describe()}: expected it to end by {found.content_end}, got {entry.end}"
            raise FormatError(message, offset=place + 24)
        end = entry.end
    if end != found.content_end:
        raise FormatError(f"header: expected the content's end at {end}, got {found.content_end}", offset=56)
    total, most = sum(entry.raw for entry in entries), limits.FREE_FILE + limits.RATIO * size
    if total > most:
        raise FormatError(f"TOC: expected at most {most} bytes once decoded, got {total}", offset=found.toc_at)


def _check_zeros(source: Source, begin: int, end: int) -> None:
    if begin == end:
        return
    data = bytes(source.view(begin, end))
    if any(data):
        raise FormatError("padding: expected zeros, got other bytes", offset=end - len(data.lstrip(b"\0")))
