"""Whole numbers of many rows as streams that an entropy coder likes (docs/osd.md, section 5).

Rows of a factor belong to components of falling weight, so their numbers get smaller from row to row. Each row has a
class by its size, and a row of the next class has half the size; classes never rise within a factor, and what follows
the last one is zeros. The rows of a class, of all factors in a group, make one stream of numbers of the same few bits:
a number x of w bits is written as x + 2^(w-1) - 1, several to a byte, the first one lowest. Among numbers of like size
an order-0 entropy coder finds like statistics.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from expertkit.errors import FormatError

Integers = NDArray[np.int32]

WIDTHS = (2, 4, 8, 16)
"""Bits of a number."""
LARGEST = (1 << 15) - 1
"""Of a number, up to its sign."""
CLASSES = 24
"""There are fewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """The rows of one class."""

    width: int
    """Bits of a number."""
    rows: tuple[int, ...]
    """How many of each factor, one after another."""

    def count(self, widths: Sequence[int]) -> int:
        """How many numbers it has, where rows of the factors have so many."""
        return sum(rows * width for rows, width in zip(self.rows, widths, strict=True))


def classify(factors: Sequence[Integers]) -> list[Stream]:
    """The streams that the rows of all factors (k, width) make, those of the largest numbers first."""
    classes = [_classes(numbers) for numbers in factors]
    peaks = [np.abs(numbers).max(axis=1, initial=0) for numbers in factors]
    streams = []
    for level in range(CLASSES, 0, -1):
        chosen = [each == level for each in classes]
        peak = max((int(peak[rows].max(initial=0)) for peak, rows in zip(peaks, chosen, strict=True)), default=0)
        if peak:
            width = next(width for width in WIDTHS if peak <= peak_of(width))
            streams.append(Stream(width=width, rows=tuple(int(rows.sum()) for rows in chosen)))
    return streams


def peak_of(width: int) -> int:
    """The largest number of so many bits, up to its sign."""
    return (1 << (width - 1)) - 1


def _classes(numbers: Integers) -> NDArray[np.int64]:
    """Of each row the bits, halved, of 4,096 times its mean square, or of the largest after it; 0 of zeros."""
    squares = (numbers.astype(np.int64) ** 2).sum(axis=1)
    scaled = (squares << 12) // max(numbers.shape[1], 1)
    levels = np.array([max(int(value).bit_length() + 1, 2) // 2 if square else 0
                       for value, square in zip(scaled, squares, strict=True)], np.int64)  # fmt: skip
    return np.maximum.accumulate(levels[::-1])[::-1]


def pack(rows: Sequence[Integers], width: int) -> bytes:
    """The numbers of a stream as bytes."""
    flat = np.concatenate([each.ravel() for each in rows])
    codes = (flat + peak_of(width)).astype(np.uint16)
    if width == 16:  # the upper bytes first, which are alike
        return (codes >> 8).astype(np.uint8).tobytes() + codes.astype(np.uint8).tobytes()
    each = 8 // width
    filled = np.zeros(packed_size(len(codes), width) * each, np.uint8)
    filled[: len(codes)] = codes
    columns = filled.reshape(-1, each) << (width * np.arange(each, dtype=np.uint8))
    packed: NDArray[np.uint8] = np.bitwise_or.reduce(columns, axis=1)
    return packed.tobytes()


def packed_size(count: int, width: int) -> int:
    """Bytes of a stream of so many numbers."""
    return -(-count * width // 8)


def unpack(data: memoryview, count: int, width: int) -> NDArray[np.int8] | NDArray[np.int16]:
    """The numbers of a stream.

    Raises:
        FormatError: a number is outside of its width, or something follows the last one.
    """
    found = np.frombuffer(data, np.uint8)
    if width == 16:
        codes = (found[:count].astype(np.int32) << 8) | found[count:]
        if codes.max(initial=0) > 2 * LARGEST:
            raise FormatError(f"osd, numbers: expected at most {LARGEST}, got more")
        return (codes - LARGEST).astype(np.int16)
    values = _TABLES[width][found].view(np.int8)
    if values[:count].min(initial=0) == _NONE or (values[count:] != -peak_of(width)).any():
        raise FormatError(f"osd, numbers: expected those of {width} bits and zeros after them, got others")
    return values[:count]


_NONE = -128


def _table(width: int) -> NDArray[np.unsignedinteger]:
    """Byte to the 8 / width numbers in it, which are seen as one of 1, 2 or 4 bytes: such are looked up fast."""
    each = 8 // width
    codes = (np.arange(256)[:, None] >> (width * np.arange(each))) & ((1 << width) - 1)
    values = np.where(codes > 2 * peak_of(width), _NONE, codes - peak_of(width)).astype(np.int8)
    return np.ascontiguousarray(values).view(f"<u{each}").ravel()


_TABLES = {width: _table(width) for width in WIDTHS if width <= 8}
