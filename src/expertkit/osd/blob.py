"""An OSD adapter as bytes, ``adapter_model.osd`` (docs/osd.md, sections 2 to 5): equal adapters give equal bytes.

    magic        8 bytes
    lengths      of the header's frame and of the header, 4 bytes each
    header       a zstd frame of JSON: the settings, every module with its shape and rank, and the length of each group
    groups       one after another, to the end: whole layers, as many as make half a million numbers

A group is read without the others, so a model is made ready layer by layer, and groups beside each other.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import Any

from expertkit.adapters.layers import layer_of
from expertkit.errors import FormatError
from expertkit.files import canonical_json
from expertkit.osd import groups
from expertkit.osd.adapter import Module, Osd
from expertkit.osd.groups import Shape
from expertkit.osd.settings import Settings

MAGIC = b"OSDADPT\x01"
_PREFIX = 16
_MOST_HEADER = 8 << 20
_MOST_RANK = 1024
_MOST_WIDTH = 1 << 24
_NUMBERS = 1 << 19
"""A group is closed once it has so many."""
_FREE, _MOST_RATIO = 16 << 20, 200
"""Bytes of float32 that any file may make, and those for each of its bytes."""
_KEYS = {"dora", "groups", "modules", "settings"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What is known of an adapter before any of its numbers is read."""

    settings: Settings
    has_magnitudes: bool
    """Whether it is a DoRA."""
    shapes: Mapping[str, Shape]
    """Module path to its shape and rank, in the order of layers and paths."""
    sizes: tuple[int, ...]
    """Bytes of each group."""
    start: int
    """Where the first group begins."""

    def group(self, number: int) -> tuple[slice, dict[str, Shape]]:
        """Where a group lies, and the modules in it."""
        begin = self.start + sum(self.sizes[:number])
        return slice(begin, begin + self.sizes[number]), dict(_grouped(self.shapes)[number])


def encode(osd: Osd) -> bytes:
    """The adapter as bytes.

    Raises:
        ValueError: a number does not fit the codec.
    """
    modules = {name: osd.modules[name] for name in sorted(osd.modules, key=_place)}
    shapes = {name: Shape(out=module.shape[0], width=module.shape[1], rank=module.rank)
              for name, module in modules.items()}  # fmt: skip
    parts = [groups.encode([modules[name] for name, _shape in each], osd.settings) for each in _grouped(shapes)]
    header = canonical_json({
        "dora": any(module.magnitude is not None for module in modules.values()),
        "groups": [len(part) for part in parts],
        "modules": [[name, shape.out, shape.width, shape.rank] for name, shape in shapes.items()],
        "settings": asdict(osd.settings),
    })  # fmt: skip
    frame = groups.compress([header])
    lengths = len(frame).to_bytes(4, "little") + len(header).to_bytes(4, "little")
    return b"".join([MAGIC, lengths, frame, *parts])


def decode(data: bytes | memoryview, *, threads: int | None = None) -> Osd:
    """The adapter in bytes; groups are read side by side.

    Raises:
        FormatError: they are malformed.
    """
    view = memoryview(data)
    header = read_header(view)
    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        found = pool.map(lambda number: read_group(view, header, number), range(len(header.sizes)))
        modules = {name: module for each in found for name, module in each.items()}
    return Osd(modules=dict(sorted(modules.items())), settings=header.settings)


def read_header(data: memoryview) -> Header:
    """What the adapter is.

    Raises:
        FormatError: it is malformed, or the groups do not end where the bytes do.
    """
    if bytes(data[:8]) != MAGIC or len(data) < _PREFIX:
        raise FormatError("osd: expected its magic number, got other bytes", offset=0)
    stored, raw = (int.from_bytes(data[at : at + 4], "little") for at in (8, 12))
    if raw > _MOST_HEADER or stored > len(data) - _PREFIX:
        raise FormatError(f"osd, header: expected at most {_MOST_HEADER} bytes in the file, got {raw}", offset=8)
    start = _PREFIX + stored
    found = _parse(bytes(groups.decompress(data[_PREFIX:start], size=raw)))
    header = replace(found, start=start)
    numbers = sum(shape.numbers for shape in header.shapes.values())
    if 4 * numbers > _FREE + _MOST_RATIO * len(data):
        raise FormatError(f"osd: expected at most {_MOST_RATIO} bytes out per byte, got {numbers} numbers")
    if len(header.sizes) != len(_grouped(header.shapes)) or start + sum(header.sizes) != len(data):
        raise FormatError(f"osd: expected groups that fill {len(data)} bytes, got {list(header.sizes)[:8]}")
    return header


def read_group(data: memoryview, header: Header, number: int) -> dict[str, Module]:
    """The modules of a group.

    Raises:
        FormatError: it is malformed.
    """
    place, shapes = header.group(number)
    found = groups.decode(data[place], list(shapes.values()), header.settings, has_magnitudes=header.has_magnitudes)
    return dict(zip(shapes, found, strict=True))


def _place(name: str) -> tuple[bool, int, str]:
    """Modules stand in the order of their layers; those of no layer come last."""
    layer = layer_of(name)
    return layer is None, layer or 0, name


def _grouped(shapes: Mapping[str, Shape]) -> list[list[tuple[str, Shape]]]:
    """Whole layers, as many as make enough numbers."""
    found: list[list[tuple[str, Shape]]] = []
    count = _NUMBERS
    for _layer, rows in itertools.groupby(shapes.items(), key=lambda row: _place(row[0])[:2]):
        layer = list(rows)
        if count >= _NUMBERS:
            found.append([])
            count = 0
        found[-1] += layer
        count += sum(shape.numbers for _name, shape in layer)
    return found


def _parse(text: bytes) -> Header:
    """The header, all of whose values are of the right kind."""
    try:
        content = json.loads(text)
        if not isinstance(content, dict) or content.keys() != _KEYS or canonical_json(content) != text:
            raise FormatError(f"osd, header: expected {', '.join(sorted(_KEYS))} in their one form, got other JSON")
        header = Header(
            settings=Settings(**content["settings"]), has_magnitudes=content["dora"] is True,
            shapes=dict(_rows(content["modules"])), sizes=tuple(map(_size, content["groups"])), start=0,
        )  # fmt: skip
    except (ValueError, TypeError, RecursionError) as error:
        raise FormatError(f"osd, header: expected settings and modules, got: {error}") from error
    names = [row[0] for row in content["modules"]]
    if not names or names != sorted({*names}, key=_place) or type(content["dora"]) is not bool:
        raise FormatError("osd, header: expected modules in order, each once, got others")
    return header


def _rows(rows: Sequence[Any]) -> Iterator[tuple[str, Shape]]:
    for name, out, width, rank in rows:
        shape = Shape(out=_size(out), width=_size(width), rank=_size(rank))
        if not isinstance(name, str) or not 0 < shape.out <= _MOST_WIDTH or not 0 < shape.width <= _MOST_WIDTH:
            raise ValueError(f"{name!r} of shape {shape.out} x {shape.width}")
        if shape.rank > min(_MOST_RANK, shape.out, shape.width):
            raise ValueError(f"{name!r} of rank {shape.rank}")
        yield name, shape


def _size(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 1 << 40:
        raise ValueError(f"{value!r} as a size")
    return value
