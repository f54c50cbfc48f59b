"""The modules of a group as bytes (docs/osd.md, sections 3 to 5).

With the codecs f32, f16 and int8 modules follow one another: S, the magnitudes of DoRA, then U^T and V^T, each as the
form of its indices (1 byte), the indices, the kept numbers; where the whole update is kept, its masks come after them.
With rdq all modules are one zstd frame after its length (4 bytes): what is known of the rows, then the streams.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from expertkit.containers.codecs import frames
from expertkit.errors import FormatError
from expertkit.osd import indices, symbols, values
from expertkit.osd.adapter import Array, Mask, Module
from expertkit.osd.settings import Settings
from expertkit.osd.symbols import Stream

_S = np.dtype("<f4")
_ROWS = np.dtype("<u2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Of a module."""

    out: int
    """Rows of W."""
    width: int
    """Columns of W."""
    rank: int
    """Components."""

    @property
    def numbers(self) -> int:
        """Entries of both factors."""
        return self.rank * (self.out + self.width)


def encode(modules: Sequence[Module], settings: Settings) -> bytes:
    """The modules as bytes.

    Raises:
        ValueError: a number is not finite, or does not fit the codec.
    """
    exact = [each for module in modules for each in (module.s, module.magnitude) if each is not None]
    if not all(np.isfinite(each).all() for each in exact):
        raise ValueError("expected finite numbers, got others")
    if settings.codec == "rdq":
        return _encode_numbers(modules)
    return b"".join(piece for module in modules for piece in _pieces(module, settings))


def decode(data: memoryview, shapes: Sequence[Shape], settings: Settings, *, has_magnitudes: bool) -> list[Module]:
    """The modules of these shapes.

    Raises:
        FormatError: the bytes are malformed, or something follows them.
    """
    if settings.codec == "rdq":
        return _decode_numbers(data, shapes, has_magnitudes=has_magnitudes)
    reader = _Reader(data)
    found = [_read_module(reader, shape, settings, has_magnitudes=has_magnitudes) for shape in shapes]
    reader.end()
    return found


def compress(streams: Sequence[bytes]) -> bytes:
    """Streams of unlike statistics, one after another, as one zstd frame."""
    return b"".join(frames.compress(streams, size=sum(map(len, streams)), level=None, apart=True))


def decompress(stored: memoryview, *, size: int) -> memoryview:
    """The ``size`` bytes of a frame.

    Raises:
        FormatError: it is no frame of so many bytes, or more than one.
    """
    found = np.empty(size, np.uint8).data
    for _piece in frames.decompress(stored, size=size, into=found):
        pass
    return found


class _Reader:
    """Bytes that are taken from the front."""

    def __init__(self, data: memoryview) -> None:
        self._data = data

    def take(self, size: int) -> memoryview:
        if size > len(self._data):
            raise FormatError(f"osd: expected {size} bytes more, got {len(self._data)}")
        taken, self._data = self._data[:size], self._data[size:]
        return taken

    def array(self, count: int) -> Array:
        """Finite float32 numbers."""
        found = np.frombuffer(self.take(_S.itemsize * count), _S).astype(np.float32)
        if not np.isfinite(found).all():
            raise FormatError("osd: expected finite numbers, got others")
        return found

    def mask(self, shape: tuple[int, int], settings: Settings) -> Mask:
        number = self.take(1)[0]
        if number >= len(indices.FORMS):
            raise FormatError(f"osd: expected a form of indices below {len(indices.FORMS)}, got {number}")
        kept, size = indices.decode(self._data, shape, indices.FORMS[number])
        self.take(size)
        form = indices.choose(kept, settings.indices)
        if indices.FORMS[number] != form:
            raise FormatError(f"osd: expected these indices as {form}, got {indices.FORMS[number]}")
        return kept

    def factor(self, shape: tuple[int, int], settings: Settings) -> Array:
        kept = self.mask(shape, settings)
        numbers, size = values.decode(self._data, int(np.count_nonzero(kept)), settings.codec)
        self.take(size)
        if kept.all() if settings.keeps_whole else numbers.all():
            return _spread(numbers, kept)
        raise FormatError("osd: expected all entries of a whole factor, and none of zero in another, got others")

    def end(self) -> None:
        if len(self._data):
            raise FormatError(f"osd: expected the end of a group, got {len(self._data)} bytes more")


def _spread(numbers: Array, kept: Mask) -> Array:
    if len(numbers) == kept.size:
        return numbers.reshape(kept.shape)
    found = np.zeros(kept.shape, np.float32)
    found[kept] = numbers
    return found


def _pieces(module: Module, settings: Settings) -> list[bytes]:
    head = [module.s.astype(_S).tobytes(), *_magnitudes([module])]
    factors = [piece for factor in (module.u, module.v) for piece in _factor(factor, settings)]
    masks = [*(module.masks or ()), *([module.mask] if module.mask is not None else [])]
    return [*head, *factors, *(piece for mask in masks for piece in _mask(mask, settings))]


def _factor(factor: Array, settings: Settings) -> list[bytes]:
    kept = np.ones(factor.shape, bool) if settings.keeps_whole else factor != 0
    numbers = factor[kept]
    data = values.encode(numbers, settings.codec)
    if not settings.keeps_whole and not values.decode(memoryview(data), len(numbers), settings.codec)[0].all():
        raise ValueError(f"expected numbers that were rounded to {settings.codec}, got some that would become 0")
    return [*_mask(kept, settings), data]


def _mask(kept: Mask, settings: Settings) -> list[bytes]:
    form = indices.choose(kept, settings.indices)
    return [bytes([indices.FORMS.index(form)]), indices.encode(kept, form)]


def _magnitudes(modules: Sequence[Module]) -> list[bytes]:
    return [module.magnitude.astype(_S).tobytes() for module in modules if module.magnitude is not None]


def _read_module(reader: _Reader, shape: Shape, settings: Settings, *, has_magnitudes: bool) -> Module:
    s = reader.array(shape.rank)
    magnitude = reader.array(shape.out) if has_magnitudes else None
    u = reader.factor((shape.rank, shape.out), settings)
    v = reader.factor((shape.rank, shape.width), settings)
    found = Module(u=u, s=s, v=v, magnitude=magnitude)
    if settings.space == "delta":
        return replace(found, mask=reader.mask((shape.out, shape.width), settings))
    if settings.keeps_whole:
        return replace(found, masks=(reader.mask(u.shape, settings), reader.mask(v.shape, settings)))
    return found


def _encode_numbers(modules: Sequence[Module]) -> bytes:
    factors = [factor for module in modules for factor in (module.u, module.v)]
    if not all(map(_fits, factors)):
        raise ValueError(f"expected whole numbers up to {symbols.LARGEST}, got others")
    streams, pieces = symbols.write(factors)
    table = [*_magnitudes(modules), bytes([len(streams)]), *map(_row, streams)]
    raw = [*_planes(np.concatenate([module.s for module in modules]).astype(_S)), b"".join(table), *pieces]
    return sum(map(len, raw)).to_bytes(4, "little") + compress(raw)


def _row(stream: Stream) -> bytes:
    """Of the table: a bit for each width, and how many rows there are of each factor."""
    widths = sum(1 << symbols.WIDTHS.index(width) for width in stream.widths)
    return bytes([widths]) + np.array(stream.rows, _ROWS).tobytes()


def _fits(factor: Array) -> bool:
    largest = np.abs(factor).max(initial=0)
    return bool(largest <= symbols.LARGEST and (factor == np.rint(factor)).all())


def _decode_numbers(data: memoryview, shapes: Sequence[Shape], *, has_magnitudes: bool) -> list[Module]:
    reader = _Reader(data)
    size = int.from_bytes(reader.take(4), "little")
    most = sum(4 * (shape.rank + shape.numbers + shape.out * has_magnitudes) for shape in shapes)
    most += 1 + symbols.CLASSES * (1 + 4 * len(shapes) + len(symbols.WIDTHS))
    if size > most:
        raise FormatError(f"osd: expected at most {most} bytes of a group, got {size}")
    inner = _Reader(decompress(reader.take(len(data) - 4), size=size))
    coefficients = _read_planes(inner.take(4 * sum(shape.rank for shape in shapes)))
    magnitudes = [inner.array(shape.out) if has_magnitudes else None for shape in shapes]
    factors = _read_factors(inner, shapes)
    inner.end()
    ends = np.cumsum([shape.rank for shape in shapes])
    return [
        Module(u=u, s=coefficients[end - len(u) : end], v=v, magnitude=magnitude)
        for u, v, end, magnitude in zip(factors[::2], factors[1::2], ends, magnitudes, strict=True)
    ]


def _read_factors(inner: _Reader, shapes: Sequence[Shape]) -> list[Array]:
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


def _read_table(inner: _Reader, wanted: Sequence[tuple[int, int]]) -> list[Stream]:
    """What streams there are; together they have no more rows than the factors."""
    found: list[Stream] = []
    count = inner.take(1)[0]
    if count > symbols.CLASSES:
        raise FormatError(f"osd: expected at most {symbols.CLASSES} streams, got {count}")
    for _ in range(count):
        bits = inner.take(1)[0]
        rows = np.frombuffer(inner.take(_ROWS.itemsize * len(wanted)), _ROWS)
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
    found = np.ascontiguousarray(planes.T).view(_S).ravel().astype(np.float32)
    if not np.isfinite(found).all():
        raise FormatError("osd: expected finite numbers, got others")
    return found
