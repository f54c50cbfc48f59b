"""A container, written: section after section, then the header with the root digest, in memory that does not grow."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import IO

from expertkit.containers import codecs, header, limits, signatures, toc
from expertkit.containers.header import Header
from expertkit.containers.kinds import Kind
from expertkit.containers.reader import Container, check_places
from expertkit.containers.settings import ALIGNMENT, LEVEL, Codec
from expertkit.containers.sources import pieces
from expertkit.containers.toc import Entry, align
from expertkit.errors import FormatError
from expertkit.members.names import check_name
from expertkit.members.signatures import Signature

Chunks = Iterable[bytes | memoryview]

LEAST_GAIN = 0.1
"""Share of a section that a codec has to save for ``auto`` to take it: what is raw needs no decoding."""

_SIXTEEN_BITS = ("float16", "bfloat16")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A section to be written."""

    kind: Kind
    name: str
    size: int
    """Bytes."""
    chunks: Callable[[], Chunks]
    """Gives the same ``size`` bytes each time it is called: ``auto`` may need them twice."""
    dtype: str = "none"
    """Of its tensors, one of ``toc.DTYPES``."""
    layer: int = 0
    """Of a part of an adapter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How sections are stored."""

    codec: Codec = "auto"
    """``auto`` takes what saves at least ``LEAST_GAIN``; ``planes`` is zstd where there are no 16-bit tensors, and what
    would be packed beyond what readers believe stays raw."""
    level: int = LEVEL
    alignment: int = ALIGNMENT
    """Bytes; sections with tensors have at least ``toc.LEAST_OF_TENSORS``."""


def write(
    file: IO[bytes], *, metadata: bytes, sections: Iterable[Draft], options: Options,
    packed: Callable[[int], None] = lambda _bytes: None,
) -> tuple[Entry, ...]:  # fmt: skip
    """Write a container into an empty file that can be written at any place; give its entries.

    Args:
        file: where to.
        metadata: the packed manifest.
        sections: what goes in, in any order.
        options: how.
        packed: told after each section how many bytes went in.

    Raises:
        FormatError: what was asked for would not be read again.
    """
    drafts = sorted(sections, key=lambda each: (each.kind.number, each.layer, each.name.encode()))
    toc_at = align(header.SIZE + len(metadata), ALIGNMENT)
    end = toc_at + toc.SIZE * len(drafts)
    _check(metadata, drafts)
    _pad(file, 0, end)
    entries: list[Entry] = []
    for id_, draft in enumerate(drafts, 1):
        entry = _write_section(file, draft, id_=id_, end=end, options=options, packed=packed)
        entries.append(entry)
        end = entry.end
    table = b"".join(entry.encode() for entry in entries)
    head = Header(
        sections=len(entries), metadata_at=header.SIZE, metadata_size=len(metadata), toc_at=toc_at,
        toc_size=len(table), content_end=end, root=bytes(32),
    )  # fmt: skip
    check_places(head, toc.decode(table, at=toc_at), size=end)
    root = hashlib.sha256(b"".join([header.without_digest(head.encode()), metadata, table])).digest()
    file.seek(0)
    file.write(replace(head, root=root).encode() + metadata)
    file.seek(toc_at)
    file.write(table)
    file.seek(end)
    return tuple(entries)


def write_signed(container: Container, file: IO[bytes], *, signed: Sequence[Signature]) -> None:
    """Write a copy of a container with these signatures in place of those that it has, and not another byte changed."""
    block = signatures.encode(signed)
    end = container.header.content_end
    at = align(end, ALIGNMENT)
    file.write(replace(container.header, signatures_at=at, signatures_size=len(block)).encode())
    for piece in pieces(container.source, header.SIZE, end):
        file.write(piece)
    file.write(bytes(at - end) + block)


def _check(metadata: bytes, drafts: Sequence[Draft]) -> None:
    if not 2 <= len(metadata) <= limits.METADATA:
        raise FormatError(f"metadata: expected 2 to {limits.METADATA} bytes, got {len(metadata)}")
    if not 1 <= len(drafts) <= limits.SECTIONS:
        raise FormatError(f"container: expected 1 to {limits.SECTIONS} sections, got {len(drafts)}")
    for draft in drafts:
        check_name(draft.name)


def _write_section(
    file: IO[bytes], draft: Draft, *, id_: int, end: int, options: Options, packed: Callable[[int], None]
) -> Entry:
    """Write the next section, the one before which ends at ``end``."""
    alignment = max(options.alignment, toc.LEAST_OF_TENSORS) if draft.kind.has_tensors else options.alignment
    at = align(end, alignment)
    _pad(file, end, at)
    codec = _first_codec(draft, options.codec)
    stored, digest = _store(file, draft, codec=codec, level=options.level)
    if codec != codecs.RAW and not _is_taken(stored, draft.size, is_forced=options.codec != "auto"):
        file.seek(at)
        file.truncate()
        codec = codecs.RAW
        stored, digest = _store(file, draft, codec=codec, level=options.level)
    packed(draft.size)
    return Entry(
        id=id_, type=draft.kind.number, codec=codec, dtype=toc.DTYPES[draft.dtype], alignment=alignment, at=at,
        stored=stored, raw=draft.size, layer=draft.layer, digest=digest, name=draft.name,
    )  # fmt: skip


def _first_codec(draft: Draft, wanted: Codec) -> int:
    """The codec to try."""
    if draft.size == 0 or wanted == "raw":
        return codecs.RAW
    fits_planes = draft.dtype in _SIXTEEN_BITS and draft.size % 2 == 0
    return codecs.PLANES if fits_planes and wanted != "zstd" else codecs.ZSTD


def _is_taken(stored: int, raw: int, *, is_forced: bool) -> bool:
    """Whether what a codec gave is kept: it saves enough or was asked for, and saves no more than a reader believes."""
    saves = is_forced or stored <= (1 - LEAST_GAIN) * raw
    return saves and raw <= limits.FREE_SECTION + limits.RATIO * stored


def _store(file: IO[bytes], draft: Draft, *, codec: int, level: int) -> tuple[int, bytes]:
    """Write a section's stored bytes; give how many, and their digest."""
    digest, stored = hashlib.sha256(), 0
    for chunk in codecs.encode(_counted(draft), codec=codec, size=draft.size, level=level):
        file.write(chunk)
        digest.update(chunk)
        stored += len(chunk)
    return stored, digest.digest()


def _counted(draft: Draft) -> Iterator[bytes | memoryview]:
    """A section's bytes, which have to be as many as were announced."""
    size = 0
    for chunk in draft.chunks():
        size += len(chunk)
        if size > draft.size:
            break
        yield chunk
    if size != draft.size:
        raise ValueError(f"{draft.name}: expected {draft.size} bytes, got {'more' if size > draft.size else size}")


def _pad(file: IO[bytes], begin: int, end: int) -> None:
    file.write(bytes(end - begin))
