"""A group of modules in whole numbers as bytes (docs/osd.md, section 5).

All modules are one zstd frame after its length (4 bytes): what is known of the rows, then the streams.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from expertkit.errors import FormatError
from expertkit.osd.adapter import Array, Module
from expertkit.osd.file import frames, symbols
from expertkit.osd.file.reading import Reader, finite
from expertkit.osd.file.shape import Shape
from expertkit.osd.file.symbols import Stream

_S = np.dtype("<f4")
_ROWS = np.dtype("<u2")


def write(modules: Sequence[Module]) -> bytes:
    """The modules of a group.

    Raises:
        ValueError: a number is no whole one, or too large.
    """
    factors = [factor for module in modules for factor in (module.u, module.v)]
    if not all(map(_fits, factors)):
        raise ValueError(f"expected whole numbers up to {symbols.LARGEST}, got others")
    streams, pieces = symbols.write(factors)
    magnitudes = [module.magnitude.astype(_S).tobytes() for module in modules if module.magnitude is not None]
    table = [*magnitudes, bytes([len(streams)]), *map(_row, streams)]
    raw = [*_planes(np.concatenate([module.s for module in modules]).astype(_S)), b"".join(table), *pieces]
    return sum(map(len, raw)).to_bytes(4, "little") + frames.compress(raw)


def _row(stream: Stream) -> bytes:
    """Of the table: a bit for each width, and how many rows there are of each factor."""
    widths = sum(1 << symbols.WIDTHS.index(width) for width in stream.widths)
    return bytes([widths]) + np.array(stream.rows, _ROWS).tobytes()


def _fits(factor: Array) -> bool:
    largest = np.abs(factor).max(initial=0)
    return bool(largest <= symbols.LARGEST and (factor == np.rint(factor)).all())


def read(data: memoryview, shapes: Sequence[Shape], *, has_magnitudes: bool) -> list[Module]:
    """The modules of a group.

    Raises:
        FormatError: the bytes are malformed.
    """
    reader = Reader(data)
    size = int.from_bytes(reader.take(4), "little")
    most = sum(4 * (shape.rank + shape.numbers + shape.out * has_magnitudes) for shape in shapes)
    most += 1 + symbols.CLASSES * (1 + 4 * len(shapes) + len(symbols.WIDTHS))
    if size > most:
        raise FormatError(f"osd: expected at most {most} bytes of a group, got {size}")
    inner = Reader(frames.decompress(reader.take(len(data) - 4), size=size))
    coefficients = _read_planes(inner.take(4 * sum(shape.rank for shape in shapes)))
    magnitudes = [inner.floats(shape.out) if has_magnitudes else None for shape in shapes]
    factors = _read_factors(inner, shapes)
    inner.end()
    ends = np.cumsum([shape.rank for shape in shapes])
    return [
        Module(u=u, s=coefficients[end - len(u) : end], v=v, magnitude=magnitude)
        for u, v, end, magnitude in zip(factors[::2], factors[1::2], ends, magnitudes, strict=True)
    ]


def _read_factors(inner: Reader, shapes: Sequence[Shape]) -> list[Array]:
    """U^T and V^T of every module, one after another."""
    wanted = [size for shape in shapes for size in ((shape.rank, shape.out), (shape.rank, shape.width))]
    found = [np.empty(size, np.float32) for size in wanted]
    widths = [width for _rank, width in wanted]
    begins = [0] * len(found)
    for stream in _read_table(inner, wanted):
        numbers = symbols.unpack(inner.take, stream.count(widths), stream.widths)
        at = 0
        for index in np.flatnonzero(stream.rows).tolist():
            begin, rows, width = begins[index], stream.rows[index], widths[index]
            found[index][begin : begin + rows] = numbers[at : at + rows * width].reshape(rows, width)
            begins[index], at = begin + rows, at + rows * width
    for factor, begin in zip(found, begins, strict=True):
        factor[begin:] = 0
    return found


def _read_table(inner: Reader, wanted: Sequence[tuple[int, int]]) -> list[Stream]:
    """What streams there are; together they have no more rows than the factors."""
    found: list[Stream] = []
    count = inner.take(1)[0]
    if count > symbols.CLASSES:
        raise FormatError(f"osd: expected at most {symbols.CLASSES} streams, got {count}")
    for _ in range(count):
        bits = inner.take(1)[0]
        rows = inner.numbers(len(wanted), _ROWS)
        if not 0 < bits < 1 << len(symbols.WIDTHS) or not rows.any():
            raise FormatError(f"osd: expected a stream with widths and rows, got {bits} and {int(rows.sum())}")
        widths = tuple(width for at, width in enumerate(symbols.WIDTHS) if bits >> at & 1)
        found.append(Stream(widths=widths, rows=tuple(rows.tolist())))
    totals = np.sum([stream.rows for stream in found], axis=0, dtype=np.int64)
    if (totals > [rank for rank, _width in wanted]).any():
        raise FormatError("osd: expected at most as many rows as components, got more")
    return found


def _planes(numbers: NDArray[np.float32]) -> list[bytes]:
    """First bytes of all numbers, then second ones, and so on."""
    return [plane.tobytes() for plane in numbers.view(np.uint8).reshape(-1, 4).T]


def _read_planes(data: memoryview) -> Array:
    planes = np.frombuffer(data, np.uint8).reshape(4, -1)
    return finite(np.ascontiguousarray(planes.T).view(_S).ravel().astype(np.float32))
