"""The table of contents: one entry of 192 bytes for each section (docs/format.md, section 3)."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from expertkit.containers import codecs, kinds, limits
from expertkit.errors import FormatError
from expertkit.members.names import SIGNATURE, check_name, fold

SIZE = 192
NO_LAYER = 0xFFFFFFFF
ALIGNMENTS = (64, 128, 256, 512, 1024, 2048, 4096)
LEAST_OF_TENSORS = 256
"""Alignment in bytes of a section that holds tensors, at least."""
DTYPES = {"none": 0, "float32": 1, "float16": 2, "bfloat16": 3}

_METADATA = "manifest.json"
_FIELDS = struct.Struct("<IHHH2sIQQQI4s32s8s104s")
_RESERVED = ((10, 12), (44, 48), (80, 88))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A section: what it is and where it lies. Sizes and places are bytes."""

    id: int
    type: int
    codec: int
    dtype: int
    alignment: int
    at: int
    stored: int
    """Bytes in the file."""
    raw: int
    """Bytes once decoded."""
    layer: int
    digest: bytes
    """SHA-256 of the stored bytes, 32 bytes."""
    name: str

    @property
    def end(self) -> int:
        """Where the stored bytes end."""
        return self.at + self.stored

    @property
    def adapter_layer(self) -> int | None:
        """The layer whose tensors a part of an adapter holds; None for those of no layer, and for other sections."""
        return self.layer if self.type == kinds.ADAPTER.number and self.layer != NO_LAYER else None

    @property
    def order(self) -> tuple[int, int, bytes]:
        """What entries are sorted by."""
        return (self.type, self.layer, self.name.encode())

    def encode(self) -> bytes:
        """The 192 bytes."""
        return _FIELDS.pack(
            self.id, self.type, self.codec, self.dtype, bytes(2), self.alignment, self.at, self.stored, self.raw,
            self.layer, bytes(4), self.digest, bytes(8), self.name.encode("ascii"),
        )  # fmt: skip

    def describe(self) -> str:
        """What it is called in messages."""
        layer = "" if self.adapter_layer is None else f" of layer {self.adapter_layer}"
        return f"section {self.id} ({kinds.word(self.type)} {self.name!r}{layer})"


def decode(data: bytes, *, at: int) -> tuple[Entry, ...]:
    """The entries of a table that lies at ``at``; where they lead to is not looked at.

    Raises:
        FormatError: an entry is not what it has to be, or they do not go together.
    """
    places = range(0, len(data), SIZE)
    entries = tuple(
        _decode(data[place : place + SIZE], number=number, at=at + place) for number, place in enumerate(places, 1)
    )
    _check_order(entries, at=at)
    _check_names(entries, at=at)
    _check_parts(entries, at=at)
    return entries


def align(place: int, alignment: int) -> int:
    """The smallest multiple of ``alignment`` that is at least ``place``."""
    return -(-place // alignment) * alignment


def _decode(data: bytes, *, number: int, at: int) -> Entry:
    id_, type_, codec, dtype, _, alignment, place, stored, raw, layer, _, digest, _, name = _FIELDS.unpack(data)
    if id_ != number:
        raise FormatError(f"section {number}: expected this as its id, got {id_}", offset=at)
    for begin, end in _RESERVED:
        if any(data[begin:end]):
            raise FormatError(f"section {number}: expected zeros in reserved bytes, got others", offset=at + begin)
    entry = Entry(
        id=id_, type=type_, codec=codec, dtype=dtype, alignment=alignment, at=place, stored=stored, raw=raw,
        layer=layer, digest=digest, name=_name(name, number=number, at=at + 88),
    )  # fmt: skip
    for wrong, offset in _problems(entry):
        raise FormatError(f"{entry.describe()}: expected {wrong}", offset=at + offset)
    return entry


def _name(field: bytes, *, number: int, at: int) -> str:
    name, _, rest = field.partition(b"\0")
    if any(rest) or not name.isascii():
        raise FormatError(
            f"section {number}: expected an ASCII name and zeros, got {field.rstrip(bytes(1))!r}", offset=at
        )
    text = name.decode("ascii")
    try:
        check_name(text)
    except FormatError as error:
        raise FormatError(f"section {number}: {error}", offset=at) from error
    return text


def _problems(entry: Entry) -> Iterator[tuple[str, int]]:
    """What is wrong with an entry by itself, and where in it."""
    kind = kinds.KINDS.get(entry.type)
    if entry.type == 0 or (kind is None and kinds.is_critical(entry.type)):
        yield f"a type that this program knows, as it is a critical one, got {entry.type}", 4
    if entry.codec not in codecs.WORDS:
        yield f"a codec of {', '.join(codecs.WORDS.values())}, got {entry.codec}", 6
    has_tensors = kind is not None and kind.has_tensors
    if kind is not None and (entry.dtype in {1, 2, 3}) is not has_tensors:
        yield f"a dtype of {'1, 2, 3' if has_tensors else '0'}, got {entry.dtype}", 8
    if entry.dtype not in DTYPES.values():
        yield f"a dtype of 0 to 3, got {entry.dtype}", 8
    least = LEAST_OF_TENSORS if entry.dtype else ALIGNMENTS[0]
    if entry.alignment not in ALIGNMENTS or entry.alignment < least:
        yield f"an alignment of a power of two in {least}..{ALIGNMENTS[-1]}, got {entry.alignment}", 12
    yield from _problems_of_size(entry)
    if entry.type != kinds.ADAPTER.number and entry.layer:
        yield f"layer 0, as it is no part of an adapter, got {entry.layer}", 40
    if entry.layer > 0xFFFF and entry.layer != NO_LAYER:
        yield f"a layer below 65,536, or none, got {entry.layer}", 40


def _problems_of_size(entry: Entry) -> Iterator[tuple[str, int]]:
    most = min(limits.SECTION, limits.FREE_SECTION + limits.RATIO * entry.stored)
    if entry.raw > most:
        yield f"at most {most} bytes once decoded, got {entry.raw}", 32
    if entry.codec == codecs.RAW and entry.raw != entry.stored:
        yield f"{entry.stored} bytes once decoded, as it is raw, got {entry.raw}", 32
    if entry.codec != codecs.RAW and entry.raw == 0:
        yield "no codec where there is nothing to decode, got one", 6
    if entry.codec == codecs.PLANES and (entry.dtype not in {2, 3} or entry.raw % 2):
        yield "planes only of an even number of bytes of 16-bit tensors, got others", 6


def _check_order(entries: Sequence[Entry], *, at: int) -> None:
    for before, after in itertools.pairwise(entries):
        if before.order >= after.order:
            raise FormatError(
                f"{after.describe()}: expected entries once, sorted by type, layer and name, got it after "
                f"{before.describe()}",
                offset=at + (after.id - 1) * SIZE,
            )


def _check_parts(entries: Sequence[Entry], *, at: int) -> None:
    """The parts of an adapter are of one file."""
    parts = [entry for entry in entries if entry.type == kinds.ADAPTER.number]
    for entry in parts:
        if (entry.name, entry.dtype) != (parts[0].name, parts[0].dtype):
            message = f"{entry.describe()}: expected name and dtype of {parts[0].describe()}, got others"
            raise FormatError(message, offset=at + (entry.id - 1) * SIZE)


def _check_names(entries: Sequence[Entry], *, at: int) -> None:
    """No two names may mean one place to any file system, but for the parts of an adapter, which share one."""
    seen: dict[str, Entry | None] = {fold(name): None for name in (_METADATA, SIGNATURE)}
    folders: set[str] = set()
    for entry in entries:
        folded = fold(entry.name)
        own = {folded[:end] for end, sign in enumerate(folded) if sign == "/"}
        other = seen.get(folded)
        is_part = other is not None and other.type == entry.type == kinds.ADAPTER.number and other.name == entry.name
        if (folded in seen and not is_part) or folded in folders or own & seen.keys():
            message = f"{entry.describe()}: expected names that no file system confuses, got another like it"
            raise FormatError(message, offset=at + (entry.id - 1) * SIZE + 88)
        seen[folded] = entry
        folders |= own
