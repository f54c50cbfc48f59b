"""Small containers made in code, whole or changed in one thing with every digest made right again."""

from __future__ import annotations

import hashlib
import io
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from expertkit.adapters import layers, tensors
from expertkit.adapters.dtypes import DType
from expertkit.containers import codecs, header, kinds, toc
from expertkit.containers.kinds import Kind
from expertkit.containers.reader import Container
from expertkit.containers.sources import Held, Source
from expertkit.containers.toc import ALIGNMENTS, NO_LAYER, align
from expertkit.containers.writer import Draft, Options, write, write_signed
from expertkit.errors import FormatError, IntegrityError
from expertkit.members.signatures import Signature
from expertkit.packages.streaming import load_layer
from tests.containers.second_reader import File
from tests.containers.second_reader import read as read_second
from tests.containers.second_tensors import Refused

TENSORS = "adapter_model.safetensors"
METADATA = b'{"name":"small"}'
ENVELOPE = b'{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[]}'
GRAMMAR = b'root ::= "yes" | "no"\n' * 40
SHAPES = {
    "model.layers.0.q.lora_A.weight": (2, 5),
    "model.layers.0.q.lora_B.weight": (5, 2),
    "model.layers.10.q.lora_A.weight": (2, 5),
    "model.embed.lora_A.weight": (7,),
}
"""Of the tensors in ``adapter``: of layers 0 and 10, and one of no layer."""

Where = tuple[int, str]
"""Offset and format of a field."""

HEADER: dict[str, Where] = {
    "magic": (0, "8s"), "major": (8, "H"), "minor": (10, "H"), "size": (12, "I"), "flags": (16, "I"),
    "sections": (20, "I"), "metadata_at": (24, "Q"), "metadata_size": (32, "Q"), "toc_at": (40, "Q"),
    "toc_size": (48, "Q"), "content_end": (56, "Q"), "root": (64, "32s"), "signatures_at": (96, "Q"),
    "signatures_size": (104, "Q"), "reserved": (112, "16s"),
}  # fmt: skip
ENTRY: dict[str, Where] = {
    "id": (0, "I"), "type": (4, "H"), "codec": (6, "H"), "dtype": (8, "H"), "reserved_10": (10, "2s"),
    "alignment": (12, "I"), "at": (16, "Q"), "stored": (24, "Q"), "raw": (32, "Q"), "layer": (40, "I"),
    "reserved_44": (44, "4s"), "digest": (48, "32s"), "reserved_80": (80, "8s"), "name": (88, "104s"),
}  # fmt: skip
_FREE = ("type", "codec", "dtype", "alignment", "raw", "layer", "name")


def adapter(dtype: DType = "bfloat16", *, shapes: Mapping[str, tuple[int, ...]] = SHAPES, seed: int = 1) -> bytes:
    """The file of an adapter with such tensors."""
    numbers = np.random.default_rng(seed)
    return tensors.encode(
        {name: numbers.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}, dtype
    )


def draft(kind: Kind, name: str, data: bytes, *, dtype: str = "none", layer: int = 0) -> Draft:
    """A section of these bytes."""
    return Draft(kind=kind, name=name, size=len(data), chunks=lambda: [data], dtype=dtype, layer=layer)


def parts(data: bytes) -> list[bytes]:
    """The sections of an adapter's file, as they are before they are compressed."""
    found, _dtype = layers.split(data, size=len(data))
    return [part.head + b"".join(data[begin:end] for begin, end in part.ranges) for part in found]


def adapter_drafts(data: bytes) -> list[Draft]:
    """The sections of an adapter's file."""
    found, dtype = layers.split(data, size=len(data))
    numbers = [NO_LAYER if part.layer is None else part.layer for part in found]
    return [
        draft(kinds.ADAPTER, TENSORS, raw, dtype=dtype, layer=layer)
        for layer, raw in zip(numbers, parts(data), strict=True)
    ]


def drafts(dtype: DType = "bfloat16") -> list[Draft]:
    """Three layers, two texts, one of them empty, and a section of a publisher's own."""
    return [
        *adapter_drafts(adapter(dtype)),
        draft(kinds.GRAMMAR, "grammar.gbnf", GRAMMAR),
        draft(kinds.DOCS, "README.md", b""),
        draft(kinds.CUSTOM, "custom/a/b.bin", bytes(range(64))),
    ]


def written(sections: Iterable[Draft], *, metadata: bytes = METADATA, options: Options | None = None) -> bytes:
    """An unsigned container."""
    file = io.BytesIO()
    write(file, metadata=metadata, sections=sections, options=options or Options())
    return file.getvalue()


def signed(data: bytes, *envelopes: bytes, chain: Sequence[bytes] = ()) -> bytes:
    """The same container with signatures, by default one."""
    file = io.BytesIO()
    found = [Signature(envelope=envelope, chain=tuple(chain)) for envelope in envelopes or (ENVELOPE,)]
    write_signed(Container(Held(data)), file, signed=found)
    return file.getvalue()


def small(dtype: DType = "bfloat16", *, options: Options | None = None) -> bytes:
    """A signed container of all that ``drafts`` has."""
    return signed(written(drafts(dtype), options=options))


def smallest() -> bytes:
    """A signed container of one section of three bytes."""
    return signed(written([draft(kinds.DOCS, "README.md", b"hi\n")], metadata=b"{}"), b"{}")


@dataclass(slots=True, kw_only=True)
class Pieces:
    """A container taken apart; every field that is set here is written as it is, and all others as they have to be."""

    header: dict[str, Any]
    entries: list[dict[str, Any]]
    payloads: list[bytes]
    """The stored bytes of each entry."""
    metadata: bytes
    block: bytes
    """Of signatures, empty where there are none."""


def taken_apart(data: bytes) -> Pieces:
    """The pieces of a sound container, without what follows from others."""
    container = Container(Held(data))
    at, end = container.header.signatures_at, container.header.toc_at
    rows = [data[end + toc.SIZE * number : end + toc.SIZE * (number + 1)] for number in range(len(container.entries))]
    return Pieces(
        header={},
        entries=[_free(row) for row in rows],
        payloads=[bytes(container.stored(entry)) for entry in container.entries],
        metadata=container.metadata,
        block=data[at:] if at else b"",
    )


def put_together(pieces: Pieces) -> bytes:
    """The container of these pieces."""
    toc_at = align(header.SIZE + len(pieces.metadata), 64)
    data, rows = bytearray(toc_at + toc.SIZE * len(pieces.entries)), []
    for number, (entry, payload) in enumerate(zip(pieces.entries, pieces.payloads, strict=True), 1):
        at = align(len(data), entry["alignment"] if entry["alignment"] in ALIGNMENTS else 64)
        data += bytes(at - len(data)) + payload
        follows = {"id": number, "at": at, "stored": len(payload), "raw": len(payload)}
        rows.append(_row(follows | {"digest": hashlib.sha256(payload).digest()} | entry))
    data[toc_at : toc_at + toc.SIZE * len(rows)] = b"".join(rows)
    data[header.SIZE : header.SIZE + len(pieces.metadata)] = pieces.metadata
    end = len(data)
    fields: dict[str, Any] = {
        "magic": header.MAGIC, "major": header.MAJOR, "size": header.SIZE, "sections": len(rows),
        "metadata_at": header.SIZE, "metadata_size": len(pieces.metadata), "toc_at": toc_at,
        "toc_size": toc.SIZE * len(rows), "content_end": end,
    }  # fmt: skip
    if pieces.block:
        data += bytes(align(end, 64) - end) + pieces.block
        fields |= {"signatures_at": align(end, 64), "signatures_size": len(pieces.block)}
    _put(data, 0, HEADER, fields | pieces.header)
    if "root" not in pieces.header:
        data[64:96] = _root(data, pieces.metadata, b"".join(rows))
    return bytes(data)


def patched(data: bytes, change: Callable[[Pieces], object]) -> bytes:
    """A container of other pieces, with all digests and the root right again."""
    pieces = taken_apart(data)
    change(pieces)
    return put_together(pieces)


def replaced(data: bytes, at: int, value: bytes) -> bytes:
    """Other bytes at a place, and nothing made right."""
    return data[:at] + value + data[at + len(value) :]


def frame(*blocks: bytes, content: int, descriptor: int = 0xA0, window: bytes = b"") -> bytes:
    """A zstd frame with its content size, cut to 4 bytes or, where the descriptor says so, 8."""
    size = content.to_bytes(16, "little")[: 8 if descriptor >= 0xC0 else 4]
    return b"\x28\xb5\x2f\xfd" + bytes([descriptor]) + window + size + b"".join(blocks)


def block(data: bytes, *, is_last: bool = True, size: int | None = None, kind: int = 0) -> bytes:
    """A block of a frame: raw (0), a byte that is repeated (1), compressed (2) or reserved (3)."""
    return (is_last | kind << 1 | (len(data) if size is None else size) << 3).to_bytes(3, "little") + data


def blocks_of(data: bytes) -> bytes:
    """The blocks of a frame, without its header."""
    width = (1 if data[4] & 0x20 else 0, 2, 4, 8)[data[4] >> 6]
    return data[(5 if data[4] & 0x20 else 6) + width :]


def everything(source: Source) -> dict[tuple[int, int, str], bytes]:
    """All that a container holds by type, layer and name, after every check that we have of the format.

    Sections of unknown types are hashed and passed over.
    """
    container = Container(source)
    found = {}
    for entry in container.entries:
        if entry.type not in kinds.KINDS:
            container.stored(entry)
            continue
        found[(entry.type, entry.layer, entry.name)] = bytes(container.read(entry))
        if entry.type == kinds.ADAPTER.number:
            load_layer(container, entry)
    return found


def refusal_of(data: bytes) -> FormatError | IntegrityError | None:
    """Why a container is not read; None where it is."""
    try:
        everything(Held(data))
    except (FormatError, IntegrityError) as error:
        return error
    return None


def stored_as(data: bytes, *, dtype: str = "none", options: Options | None = None) -> str:
    """The codec of one section of these bytes, which are read back."""
    kind = kinds.GRAMMAR if dtype == "none" else kinds.ADAPTER
    container = Container(Held(written([draft(kind, "a", data, dtype=dtype)], options=options)))
    if container.read(container.entries[0]) != data:
        raise AssertionError("a codec that does not give back what it was given")
    return codecs.WORDS[container.entries[0].codec]


def second(data: bytes) -> File | None:
    """What the second reader says; None where it refuses."""
    try:
        return read_second(data)
    except Refused:
        return None


def sections_of(file: File) -> dict[tuple[int, int, str], bytes]:
    """The sections that the second reader found, as ``everything`` gives them."""
    return {(section.type, section.layer, section.name): section.raw for section in file.sections}


def _free(row: bytes) -> dict[str, Any]:
    """The fields of an entry that follow from nothing else; the raw length does where it is the stored one."""
    fields = {name: _get(row, ENTRY[name]) for name in _FREE}
    return fields if fields["codec"] else {name: value for name, value in fields.items() if name != "raw"}


def _get(data: bytes, where: Where) -> Any:
    return struct.unpack_from("<" + where[1], data, where[0])[0]


def _put(data: bytearray, at: int, places: Mapping[str, Where], fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        place, kind = places[name]
        room = 1 << 8 * struct.calcsize(kind)  # what does not fit goes round
        struct.pack_into("<" + kind, data, at + place, value % room if isinstance(value, int) else value)


def _row(fields: Mapping[str, Any]) -> bytes:
    row = bytearray(toc.SIZE)
    _put(row, 0, ENTRY, fields)
    return bytes(row)


def _root(data: bytes | bytearray, metadata: bytes, table: bytes) -> bytes:
    return hashlib.sha256(header.without_digest(bytes(data)) + metadata + table).digest()


def with_unknown(data: bytes, name: str) -> bytes:
    """A container with its last section once more, as one of a type that is not known yet, under another name."""

    def change(pieces: Pieces) -> None:
        pieces.entries.append({**pieces.entries[-1], "type": 0x9000, "name": name.encode(), "layer": 0, "dtype": 0})
        pieces.payloads.append(pieces.payloads[-1])

    return patched(data, change)
