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
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import Any

from expertkit.adapters.layers import layer_of
from expertkit.adapters.lora import MAX_RANK
from expertkit.errors import FormatError, PackagingError
from expertkit.files import canonical_json
from expertkit.osd.adapter import Module, Osd
from expertkit.osd.file import frames, groups
from expertkit.osd.file.shape import Shape
from expertkit.osd.settings import Settings

MAGIC = b"OSDADPT\x01"
_PREFIX = 16
_MOST_HEADER = 2 << 20
_MOST_MODULES = 25_000
_MOST_WIDTH = 1 << 24
_NUMBERS = 1 << 19
"""A group is closed once it has so many."""
FREE, RATIO = 16 << 20, 200
"""Bytes of arrays that any file may make, and those for each of its bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What is known of an adapter before any of its numbers is read."""

    settings: Settings
    has_magnitudes: bool
    """Whether it is a DoRA."""
    shapes: Mapping[str, Shape]
    """Module path to its shape and rank, in the order of layers and paths."""
    members: tuple[tuple[str, ...], ...]
    """The modules of each group."""
    sizes: tuple[int, ...]
    """Bytes of each group."""
    start: int
    """Where the first group begins."""

    def group(self, number: int) -> tuple[slice, dict[str, Shape]]:
        """Where a group lies, and the modules in it."""
        begin = self.start + sum(self.sizes[:number])
        shapes = {name: self.shapes[name] for name in self.members[number]}
        return slice(begin, begin + self.sizes[number]), shapes


def encode(osd: Osd) -> bytes:
    """The adapter as bytes.

    Raises:
        PackagingError: there is more of it than a reader believes.
        ValueError: a number is not finite, or does not fit the codec.
    """
    header, pieces = _encode(osd)
    data = b"".join(pieces)
    problem = _problem(header, size=len(data))
    if problem is not None:
        raise PackagingError(f"osd: {problem}", hint="keep more of it, or choose a smaller rank")
    return data


def size(osd: Osd) -> int:
    """Bytes of the file; also of one that is too small for what is in it to be written."""
    return sum(map(len, _encode(osd)[1]))


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
    if bytes(data[:8]) != MAGIC:
        raise FormatError("osd: expected its magic number, got other bytes", offset=0)
    if len(data) < _PREFIX:
        raise FormatError(f"osd: expected at least {_PREFIX} bytes, got {len(data)}", offset=len(data))
    stored, raw = (int.from_bytes(data[at : at + 4], "little") for at in (8, 12))
    start = _PREFIX + stored
    if raw > _MOST_HEADER:
        raise FormatError(f"osd, header: expected at most {_MOST_HEADER} bytes, got {raw}", offset=12)
    if start > len(data):
        raise FormatError(f"osd, header: expected {stored} bytes, got {len(data) - _PREFIX}", offset=8)
    header = _parse(bytes(frames.decompress(data[_PREFIX:start], size=raw)), start=start)
    problem = _problem(header, size=len(data))
    if problem is not None:
        raise FormatError(f"osd: {problem}")
    if start + sum(header.sizes) != len(data):
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


def _encode(osd: Osd) -> tuple[Header, list[bytes]]:
    """The pieces of a file; groups are written side by side."""
    modules = {name: osd.modules[name] for name in sorted(osd.modules, key=_place)}
    shapes = {name: Shape(out=module.shape[0], width=module.shape[1], rank=module.rank)
              for name, module in modules.items()}  # fmt: skip
    has_magnitudes = {module.magnitude is not None for module in modules.values()}
    if len(has_magnitudes) != 1:
        raise ValueError("expected modules, with magnitudes in every one or in none")
    members = _grouped(shapes)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        parts = list(pool.map(lambda names: groups.encode([modules[name] for name in names], osd.settings), members))
    header = Header(
        settings=osd.settings, has_magnitudes=has_magnitudes == {True}, shapes=shapes, members=members,
        sizes=tuple(map(len, parts)), start=0,
    )  # fmt: skip
    text = _text(header)
    if len(text) > _MOST_HEADER:
        raise PackagingError(f"osd: expected a header of at most {_MOST_HEADER} bytes, got {len(text)}")
    frame = frames.compress([text])
    lengths = len(frame).to_bytes(4, "little") + len(text).to_bytes(4, "little")
    return replace(header, start=_PREFIX + len(frame)), [MAGIC, lengths, frame, *parts]


def _text(header: Header) -> bytes:
    """The one form of a header."""
    return canonical_json({
        "dora": header.has_magnitudes,
        "groups": header.sizes,
        "modules": [[name, shape.out, shape.width, shape.rank] for name, shape in header.shapes.items()],
        "settings": asdict(header.settings),
    })  # fmt: skip


def _problem(header: Header, *, size: int) -> str | None:
    """Why an adapter is not believed, if it is not."""
    settings = header.settings
    if len(header.shapes) > _MOST_MODULES:
        return f"expected at most {_MOST_MODULES} modules, got {len(header.shapes)}"
    most = min(settings.rank, MAX_RANK // 2 if settings.keeps_whole and settings.space == "factor" else MAX_RANK)
    for name, shape in header.shapes.items():
        if not name or not 0 < shape.out <= _MOST_WIDTH or not 0 < shape.width <= _MOST_WIDTH:
            return f"expected a module with a name and sizes of 1..{_MOST_WIDTH}, got {name!r:.80}"
        if shape.rank > min(most, shape.out, shape.width):
            return f"expected a rank of at most {min(most, shape.out, shape.width)} in {name!r:.80}, got {shape.rank}"
    room = sum(_room(shape, header) for shape in header.shapes.values())
    if room > FREE + RATIO * size:
        return f"expected at most {FREE + RATIO * size} bytes of arrays in a file of {size}, got {room}"
    return None


def _room(shape: Shape, header: Header) -> int:
    """Bytes of the arrays of a module: numbers of 4 bytes, and a byte for each cell of a mask."""
    numbers = shape.numbers + shape.rank + (shape.out if header.has_magnitudes else 0)
    if not header.settings.keeps_whole:
        return 4 * numbers
    return 4 * numbers + (shape.out * shape.width if header.settings.space == "delta" else shape.numbers)


def _place(name: str) -> tuple[bool, int, str]:
    """Modules stand in the order of their layers; those of no layer come last."""
    layer = layer_of(name)
    return layer is None, layer or 0, name


def _grouped(shapes: Mapping[str, Shape]) -> tuple[tuple[str, ...], ...]:
    """The modules of each group: whole layers, as many as make enough numbers."""
    found: list[list[str]] = []
    count = _NUMBERS
    for _layer, names in itertools.groupby(shapes, key=lambda name: _place(name)[:2]):
        layer = list(names)
        if count >= _NUMBERS:
            found.append([])
            count = 0
        found[-1] += layer
        count += sum(shapes[name].numbers for name in layer)
    return tuple(map(tuple, found))


def _parse(text: bytes, *, start: int) -> Header:
    """The header, all of whose values are of the right kind and in their one form."""
    try:
        content = json.loads(text)
        shapes = dict(map(_row, itertools.islice(content["modules"], _MOST_MODULES + 1)))
        header = Header(
            settings=_settings(content["settings"]), has_magnitudes=content["dora"] is True, shapes=shapes,
            members=_grouped(shapes), sizes=tuple(map(_size, content["groups"])), start=start,
        )  # fmt: skip
        is_canonical = _text(header) == text
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        message = f"osd, header: expected settings and modules, got: {str(error)[:200]}"
        raise FormatError(message, offset=_PREFIX) from error
    if not is_canonical or not shapes or [*shapes] != sorted(shapes, key=_place):
        raise FormatError("osd, header: expected modules in order, in canonical JSON, got others", offset=_PREFIX)
    if len(header.sizes) != len(header.members):
        raise FormatError(f"osd: expected {len(header.members)} groups, got {len(header.sizes)}", offset=_PREFIX)
    return header


def _settings(content: Mapping[str, Any]) -> Settings:
    shares = {key: _share(content[key]) for key in ("density", "alpha")}
    return Settings(**{**content, **shares, "rank": _size(content["rank"])})


def _row(row: Sequence[Any]) -> tuple[str, Shape]:
    name, out, width, rank = row
    if not isinstance(name, str):
        raise TypeError(f"{name!r:.80} as a name")
    return name, Shape(out=_size(out), width=_size(width), rank=_size(rank))


def _size(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 1 << 40:
        raise ValueError(f"{value!r:.80} as a size")
    return value


def _share(value: Any) -> float:
    if type(value) not in {int, float}:
        raise TypeError(f"{value!r:.80} as a share")
    return float(value)
