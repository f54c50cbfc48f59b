"""Whole numbers of many rows as streams that an entropy coder likes (docs/osd.md, section 5).

Rows of a factor belong to components of falling weight, so their numbers get smaller from row to row. Each row has a
class by its size, and a row of the next class has half the size; classes never rise within a factor, and what follows
the last one is zeros. The rows of a class, of all factors in a group, make one stream: among numbers of like size an
order-0 entropy coder finds like statistics.

Such a coder spends at least one bit on a byte, and most numbers are worth less. So numbers are written in few bits,
several to a byte, and those that do not fit, which are few, go on to a next level of more bits: a stream is a cascade
of levels. Which widths cost least is told by the entropy of the numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from expertkit.errors import FormatError

Numbers = NDArray[np.float32]
"""Whole ones."""
Counts = NDArray[np.intp]

WIDTHS = (1, 2, 4, 8, 16)
"""Bits of a number; all bits one: it goes on in the next level. With 16 all numbers fit."""
LARGEST = (1 << 15) - 1
"""Of a number, up to its sign."""
CLASSES = 24
"""Streams of a group at most."""
_GOES_ON = -128
_TABLE_BITS = 6
"""Of what a coder has to say of a kind of byte before it can use it, about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """The rows of one class."""

    widths: tuple[int, ...]
    """Bits of a number in each level, rising."""
    rows: tuple[int, ...]
    """How many of each factor, one after another."""

    def count(self, sizes: Sequence[int]) -> int:
        """How many numbers it has, where rows of the factors have so many."""
        return sum(rows * size for rows, size in zip(self.rows, sizes, strict=True))


def write(factors: Sequence[Numbers]) -> tuple[list[Stream], list[bytes]]:
    """The streams that the rows of all factors (k, width) make, those of the largest numbers first, and their bytes."""
    classes = [_classes(numbers) for numbers in factors]
    streams: list[Stream] = []
    pieces: list[bytes] = []
    for level in range(CLASSES, 0, -1):
        chosen = [each == level for each in classes]
        if any(rows.any() for rows in chosen):
            parts = [numbers[rows].ravel() for numbers, rows in zip(factors, chosen, strict=True)]
            numbers = np.concatenate(parts).astype(np.int16)
            widths = choose(numbers)
            streams.append(Stream(widths=widths, rows=tuple(int(rows.sum()) for rows in chosen)))
            pieces += pack(numbers, widths)
    return streams, pieces


def choose(numbers: NDArray[np.int16]) -> tuple[int, ...]:
    """The widths of levels that probably take the fewest bytes once they are coded."""
    counts = np.bincount(numbers.astype(np.intp) + LARGEST)
    places = np.flatnonzero(counts)
    return _cheapest(places - LARGEST, counts[places], WIDTHS)[1]


def pack(numbers: NDArray[np.int16], widths: Sequence[int]) -> list[bytes]:
    """The numbers of a stream as the bytes of its levels."""
    pieces: list[bytes] = []
    for width in widths:
        if width == 16:  # the upper bytes first, nearly all of which are alike
            codes = numbers.astype(np.uint16) + np.uint16(128)
            return [*pieces, (codes >> 8).astype(np.uint8).tobytes(), codes.astype(np.uint8).tobytes()]
        peak = _peak(width)
        goes_on = np.abs(numbers) > peak
        codes = np.where(goes_on, 2 * peak + 1, numbers + np.int16(peak)).astype(np.uint8)
        pieces.append(_joined(codes, width))
        numbers = numbers[goes_on]
        numbers -= np.sign(numbers) * np.int16(peak)
    return pieces


def unpack(take: Callable[[int], memoryview], count: int, widths: Sequence[int]) -> NDArray[np.int8 | np.int16]:
    """The numbers of a stream.

    Args:
        take: gives the next so many bytes of it.
        count: how many numbers there are.
        widths: bits of a number in each level.

    Raises:
        FormatError: no numbers are written so.
    """
    width, *others = widths
    if width == 16:
        return _read_wide(np.frombuffer(take(2 * count), np.uint8))
    values = _read(np.frombuffer(take(-(-count * width // 8)), np.uint8), count, width)
    places = np.flatnonzero(values == _GOES_ON)
    if bool(len(places)) != bool(others):
        raise FormatError(
            f"osd, numbers: expected levels as they are used, got {len(others)} for {len(places)} numbers"
        )
    if not others:
        return values
    rest = unpack(take, len(places), others).astype(np.int32)
    rest += np.sign(rest) * _peak(width)
    if not rest.all() or np.abs(rest).max() > LARGEST:
        raise FormatError(f"osd, numbers: expected those that go on to be others than 0 up to {LARGEST}, got others")
    found = values.astype(np.int16)
    found[places] = rest
    return found


def _peak(width: int) -> int:
    """The largest number of so many bits, up to its sign; the number above it says that it goes on."""
    return (1 << (width - 1)) - 1


def _classes(numbers: Numbers) -> NDArray[np.int64]:
    """Of each row the bits, halved, of 4,096 times its mean square, or of the largest after it; 0 of zeros."""
    squares = np.einsum("ij,ij->i", numbers, numbers, dtype=np.float64, casting="unsafe")
    scaled = squares * 4096 // max(numbers.shape[1], 1)
    levels = np.maximum(np.frexp(scaled)[1] + 1, 2) // 2 * (squares > 0)  # of x the bits are the exponent in frexp
    return np.maximum.accumulate(levels[::-1])[::-1].astype(np.int64)


def _cheapest(kinds: Counts, counts: Counts, widths: Sequence[int]) -> tuple[float, tuple[int, ...]]:
    """About how many bits numbers of so many kinds take, by how often each occurs, and in which levels."""
    found: list[tuple[float, tuple[int, ...]]] = []
    most = int(np.abs(kinds).max(initial=0))
    for at, width in enumerate(widths):
        peak = _peak(width)
        if width == 16:
            found.append((_bits_of_planes(kinds, counts), (width,)))
        elif most <= peak:
            found.append((_bits(counts, 8 // width), (width,)))
            break
        else:
            goes_on = np.abs(kinds) > peak
            rest = kinds[goes_on] - np.sign(kinds[goes_on]) * peak
            bits, others = _cheapest(rest, counts[goes_on], widths[at + 1 :])
            shares = np.append(counts[~goes_on], counts[goes_on].sum())
            found.append((_bits(shares, 8 // width) + bits, (width, *others)))
    return min(found)


def _bits(counts: NDArray[Any], each: int) -> float:
    """What an order-0 coder of bytes makes of numbers, ``each`` to a byte, by how often each kind of them occurs.

    A kind of byte that is more than half of all takes one bit, however much less it is worth.
    """
    shares = counts[counts > 0] / counts.sum()
    entropy = each * float(-(shares * np.log2(shares)).sum())
    first = float(shares.max() ** each)
    waste = 1 - _entropy_of(first) if first > 0.5 else 0.0
    count = float(counts.sum()) / each
    return count * (entropy + waste) + float(_TABLE_BITS * min(256, len(shares) ** each))


def _entropy_of(share: float) -> float:
    """Of a choice between two."""
    return -sum(each * math.log2(each) for each in (share, 1 - share) if each > 0)


def _bits_of_planes(kinds: Counts, counts: Counts) -> float:
    upper, lower = (np.bincount(plane & 255, weights=counts) for plane in ((kinds + 128) >> 8, kinds + 128))
    return _bits(upper, 1) + _bits(lower, 1)


def _joined(codes: NDArray[np.uint8], width: int) -> bytes:
    """Several codes to a byte, the first one lowest."""
    each = 8 // width
    filled = np.zeros(-(-len(codes) // each) * each, np.uint8)
    filled[: len(codes)] = codes
    found = filled[::each].copy()
    for place in range(1, each):
        found |= filled[place::each] << np.uint8(width * place)
    return found.tobytes()


def _read(data: NDArray[np.uint8], count: int, width: int) -> NDArray[np.int8]:
    values: NDArray[np.int8] = (data - np.uint8(_peak(8)) if width == 8 else _TABLES[width][data]).view(np.int8)
    if (values[count:] != -_peak(width)).any():
        raise FormatError("osd, numbers: expected zeros after the last one, got others")
    return values[:count]


def _read_wide(data: NDArray[np.uint8]) -> NDArray[np.int16]:
    count = len(data) // 2
    codes = data[:count].astype(np.uint16) << np.uint16(8)
    codes |= data[count:]
    codes -= np.uint16(128)
    found = codes.view(np.int16)
    if found.min(initial=0) < -LARGEST:
        raise FormatError(f"osd, numbers: expected at most {LARGEST}, got more")
    return found


def _table(width: int) -> NDArray[np.unsignedinteger]:
    """Byte to the 8 / width numbers in it, which are seen as one of 2 to 8 bytes: such are looked up fast."""
    each = 8 // width
    codes = (np.arange(256)[:, None] >> (width * np.arange(each))) & ((1 << width) - 1)
    values = np.where(codes == 2 * _peak(width) + 1, _GOES_ON, codes - _peak(width)).astype(np.int8)
    return values.view(f"<u{each}").ravel()


_TABLES = {width: _table(width) for width in WIDTHS if width < 8}
