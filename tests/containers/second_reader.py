"""A second reader of containers, written from docs/format.md alone: what two readers say of one file can be compared.

It favours being plain over being fast, and shares no code with the project's own reader. "Section" followed by a number
means that section of docs/format.md, if nothing else is said.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from tests.containers.second_codecs import decoded
from tests.containers.second_tensors import DTYPES, MIB, NO_LAYER, Tensor, align, demand, header_of, read_part

_HEADER = struct.Struct("<8sHHIIIQQQQQ32sQQ16s")
_ENTRY = struct.Struct("<IHHH2sIQQQI4s32s8s104s")

_ADAPTER, _CUSTOM, _ANCILLARY = 1, 32_769, 32_768
_WITH_TENSORS = {1, 3, 6}
_KNOWN = {*range(1, 14), _CUSTOM}
_RAW, _ZSTD, _PLANES = 0, 1, 2

_PART = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?")
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)
_NOT_IN_TOC = ("manifest.json", "signature.sig")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One section of a known type, decoded."""

    type: int
    codec: int
    dtype: int
    layer: int
    name: str
    raw: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """What a container says, without sections of unknown types; a signature is its envelope and its certificates."""

    metadata: bytes
    root: bytes
    sections: tuple[Section, ...]
    signatures: tuple[tuple[bytes, tuple[bytes, ...]], ...]


class _Header(NamedTuple):
    magic: bytes
    major: int
    minor: int
    size: int
    flags: int
    sections: int
    metadata_at: int
    metadata_length: int
    toc_at: int
    toc_length: int
    content_end: int
    root: bytes
    signature_at: int
    signature_length: int
    reserved: bytes


class _Entry(NamedTuple):
    id: int
    type: int
    codec: int
    dtype: int
    reserved_10: bytes
    alignment: int
    offset: int
    stored: int
    raw: int
    layer: int
    reserved_44: bytes
    digest: bytes
    reserved_80: bytes
    name: bytes

    @property
    def place(self) -> str:
        return f"section {self.id}"

    @property
    def end(self) -> int:
        return self.offset + self.stored


def read(data: bytes) -> File:
    """Reads a container whole, and refuses whatever sections 1 to 10 do not allow a container to be."""
    demand(128 <= len(data) <= 4 * 1024 * MIB, "file: its length")
    header = _Header(*_HEADER.unpack_from(data))
    _check_header(header)
    _check_places(header, len(data))
    toc_end = header.toc_at + header.toc_length
    metadata, toc = data[128 : 128 + header.metadata_length], data[header.toc_at : toc_end]
    root = hashlib.sha256(data[:64] + bytes(48) + data[112:128] + metadata + toc).digest()
    demand(root == header.root, "root digest: another one")
    entries = [_Entry(*fields) for fields in _ENTRY.iter_unpack(toc)]
    _check_entries(entries, header, len(data))
    signature_at = header.signature_at or header.content_end
    ends = [128 + header.metadata_length, toc_end, *(entry.end for entry in entries)]
    starts = [header.toc_at, *(entry.offset for entry in entries), signature_at]
    for end, start in zip(ends, starts, strict=True):
        demand(not any(data[end:start]), f"padding at {end}: not zeros")
    signatures = tuple(_signatures(data[signature_at:])) if header.signature_length else ()
    return File(metadata=metadata, root=root, sections=tuple(_sections(entries, data)), signatures=signatures)


def member(file: File) -> bytes | None:
    """The `adapter_model.safetensors` that the adapter sections make (section 7); None where there are none."""
    tensors: list[Tensor] = []
    for section in file.sections:
        if section.type == _ADAPTER:
            tensors += read_part(section.raw, dtype=section.dtype, layer=section.layer, place=section.name)
    tensors.sort(key=lambda tensor: tensor.name.encode())
    return header_of(tensors, 8) + b"".join(tensor.data for tensor in tensors) if tensors else None


def _check_header(header: _Header) -> None:
    demand(header.magic == b"HLLMEXP\0", "header: magic")
    demand(header.major == 1, f"header: major version {header.major}")
    demand(header.size == 128, "header: header size")
    for bit in range(16):
        demand(not header.flags >> bit & 1, f"header: critical flag, bit {bit}")
    demand(1 <= header.sections <= 4096, "header: section count")
    demand(header.metadata_at == 128, "header: metadata offset")
    demand(2 <= header.metadata_length <= MIB, "header: metadata length")
    demand(not any(header.reserved), "header: reserved bytes")


def _check_places(header: _Header, size: int) -> None:
    demand(header.toc_at == align(128 + header.metadata_length, 64), "header: TOC offset")
    demand(header.toc_length == 192 * header.sections, "header: TOC length")
    demand(header.toc_at + header.toc_length <= header.content_end <= size, "header: content end")
    if header.signature_at == header.signature_length == 0:
        demand(header.content_end == size, "file: bytes after the content")
    else:
        demand(header.signature_at == align(header.content_end, 64), "header: signature offset")
        demand(header.signature_length > 0, "header: signature length")
        demand(header.signature_at + header.signature_length == size, "file: its end is not the signatures'")


def _check_entries(entries: Sequence[_Entry], header: _Header, size: int) -> None:
    end = header.toc_at + header.toc_length
    for place, entry in enumerate(entries, 1):
        demand(entry.id == place, f"entry {place}: id")
        demand(not any(entry.reserved_10 + entry.reserved_44 + entry.reserved_80), f"{entry.place}: reserved bytes")
        _check_type(entry)
        _check_codec(entry)
        demand(entry.offset == align(end, entry.alignment), f"{entry.place}: offset")
        end = entry.end
    demand(end == header.content_end, "header: content end")
    demand(sum(entry.raw for entry in entries) <= 16 * MIB + 200 * size, "TOC: raw lengths together")
    keys = [(entry.type, entry.layer, _name(entry)) for entry in entries]
    demand(all(one < other for one, other in pairwise(keys)), "TOC: order of the entries")
    adapters = {(_name(entry), entry.dtype) for entry in entries if entry.type == _ADAPTER}
    demand(len(adapters) <= 1, "TOC: an adapter of several names or dtypes")
    _check_names([*((0, name) for name in _NOT_IN_TOC), *((kind, name) for kind, _, name in keys)])


def _check_type(entry: _Entry) -> None:
    known = entry.type in _KNOWN
    demand(known or entry.type >= _ANCILLARY, f"{entry.place}: type {entry.type}")
    holds_tensors = entry.type in _WITH_TENSORS if known else entry.dtype != 0
    demand(entry.dtype in DTYPES if holds_tensors else entry.dtype == 0, f"{entry.place}: dtype")
    power_of_two = entry.alignment & (entry.alignment - 1) == 0
    demand(power_of_two and (256 if holds_tensors else 64) <= entry.alignment <= 4096, f"{entry.place}: alignment")
    layered = entry.type == _ADAPTER and (entry.layer < 65_536 or entry.layer == NO_LAYER)
    demand(layered or (entry.type != _ADAPTER and entry.layer == 0), f"{entry.place}: layer")


def _check_codec(entry: _Entry) -> None:
    demand(entry.codec in {_RAW, _ZSTD, _PLANES}, f"{entry.place}: codec {entry.codec}")
    demand(entry.raw <= min(1024 * MIB, MIB + 200 * entry.stored), f"{entry.place}: raw length over the limits")
    if entry.codec == _RAW:
        demand(entry.raw == entry.stored, f"{entry.place}: two lengths of raw bytes")
    else:
        demand(entry.raw >= 1, f"{entry.place}: raw length")
    if entry.codec == _PLANES:
        demand(entry.dtype in {2, 3} and entry.raw % 2 == 0, f"{entry.place}: planes of what is no 16-bit words")


def _name(entry: _Entry) -> str:
    """The name, if it is one by docs/packaging.md section 2."""
    name = entry.name.rstrip(b"\0")
    demand(1 <= len(name) <= 100 and name.isascii(), f"{entry.place}: name")
    parts = name.decode().split("/")
    for part in parts:
        demand(_PART.fullmatch(part) and not _DEVICE.fullmatch(part), f"{entry.place}: name")
    demand(len(parts) <= 8, f"{entry.place}: name with more than 8 parts")
    return "/".join(parts)


def _check_names(names: Sequence[tuple[int, str]]) -> None:
    """Names meet neither each other nor each other's folders; NFKC leaves ASCII alone: what is left is case folding."""
    seen: dict[str, tuple[int, str]] = {}
    for key in names:
        before = seen.get(key[1].casefold())
        demand(before is None or before == key == (_ADAPTER, key[1]), f"TOC: the name {key[1]} is taken")
        seen[key[1].casefold()] = key
    for name in seen:
        folders = (name[: slash.start()] for slash in re.finditer("/", name))
        demand(seen.keys().isdisjoint(folders), f"TOC: {name} lies in a file")


def _sections(entries: Sequence[_Entry], data: bytes) -> Iterator[Section]:
    for entry in entries:
        stored = data[entry.offset : entry.end]
        demand(hashlib.sha256(stored).digest() == entry.digest, f"{entry.place}: digest")
        if entry.type not in _KNOWN:
            continue
        raw = decoded(stored, codec=entry.codec, raw_length=entry.raw, place=entry.place)
        if entry.type == _ADAPTER:
            read_part(raw, dtype=entry.dtype, layer=entry.layer, place=entry.place)
        kind, codec, dtype, layer = entry.type, entry.codec, entry.dtype, entry.layer
        yield Section(type=kind, codec=codec, dtype=dtype, layer=layer, name=_name(entry), raw=raw)


def _signatures(block: bytes) -> Iterator[tuple[bytes, tuple[bytes, ...]]]:
    demand(len(block) >= 8 and not any(block[4:8]), "signature block: header")
    count, at, before = int.from_bytes(block[:4], "little"), 8, b""
    demand(1 <= count <= 16, "signature block: number of signatures")
    for number in range(1, count + 1):
        place = f"signature {number}"
        demand(len(block) >= at + 8, f"{place}: cut off")
        envelope_length, chain_length = struct.unpack_from("<II", block, at)
        demand(1 <= envelope_length <= 65_536 and chain_length <= 65_536, f"{place}: lengths")
        middle, end = at + 8 + envelope_length, at + 8 + envelope_length + chain_length
        demand(len(block) >= end, f"{place}: cut off")
        envelope = block[at + 8 : middle]
        demand(before < envelope, f"{place}: order")
        yield envelope, tuple(_certificates(block[middle:end], place))
        at, before = end, envelope
    demand(at == len(block), "signature block: bytes after the last signature")


def _certificates(chain: bytes, place: str) -> Iterator[bytes]:
    at = 0
    while at < len(chain):
        length = int.from_bytes(chain[at : at + 4], "little")
        demand(len(chain) - at > 4 and 1 <= length <= len(chain) - at - 4, f"{place}: chain")
        yield chain[at + 4 : at + 4 + length]
        at += 4 + length
