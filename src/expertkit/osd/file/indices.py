"""Which entries of a sparse matrix (rows, width) are kept, as bytes, row by row (docs/osd.md, section 3).

Four forms: ``dense`` is nothing, as all are kept. ``csr`` is rows + 1 counts of 4 bytes, then a column of 2 bytes for
each entry (4 where the width is above 65,536). ``bitmap`` is a bit for each cell, the first one highest. ``rice`` is
the number of entries (4 bytes), a parameter b (1 byte), then the gaps before the entries in Rice codes (Rice, 1979):
the upper parts of all gaps in unary, ones ended by a zero, then the b lowest bits of each. So where a code ends has
not to be known before the next one is read.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from expertkit.errors import FormatError
from expertkit.osd.settings import Indices

Mask = NDArray[np.bool_]
Form = Literal["dense", "csr", "bitmap", "rice"]

FORMS: tuple[Form, ...] = ("dense", "csr", "bitmap", "rice")
"""In the order of their numbers."""
_COUNT = np.dtype("<u4")
_MOST_B = 31
_RICE_HEAD = 5


def choose(kept: Mask, wanted: Indices) -> Form:
    """The form to write a mask in; the smallest one if that is wanted, and nothing where everything is kept."""
    if kept.all():
        return "dense"
    if wanted != "auto":
        return wanted
    return min(FORMS[1:], key=lambda form: bits(kept, form))


def bits(kept: Mask, form: Form) -> int:
    """How many bits ``encode`` gives, by its formula; a multiple of 8."""
    rows, width = map(int, kept.shape)
    count = int(np.count_nonzero(kept))
    match form:
        case "dense":
            return 0
        case "csr":
            return 32 * (rows + 1) + 8 * int(_column(width).itemsize) * count
        case "bitmap":
            return -(rows * width // -8) * 8
        case "rice":
            gaps = _gaps(kept)
            return 40 + -(-_rice_bits(gaps, _parameter(gaps)) // 8) * 8


def encode(kept: Mask, form: Form) -> bytes:
    """The mask as bytes."""
    match form:
        case "dense":
            return b""
        case "csr":
            ends = np.concatenate([[0], np.cumsum(np.count_nonzero(kept, axis=1))])
            columns = np.nonzero(kept)[1]
            return ends.astype(_COUNT).tobytes() + columns.astype(_column(kept.shape[1])).tobytes()
        case "bitmap":
            return np.packbits(kept).tobytes()
        case "rice":
            gaps = _gaps(kept)
            b = _parameter(gaps)
            return len(gaps).to_bytes(4, "little") + bytes([b]) + _write_rice(gaps, b)


def decode(data: memoryview, shape: tuple[int, int], form: Form) -> tuple[Mask, int]:
    """The mask at the beginning of ``data``, and how many bytes it took.

    Raises:
        FormatError: it is malformed.
    """
    match form:
        case "dense":
            return np.ones(shape, bool), 0
        case "csr":
            return _read_csr(data, shape)
        case "bitmap":
            return _read_bitmap(data, shape)
        case "rice":
            return _read_rice(data, shape)


def _column(width: int) -> np.dtype[np.unsignedinteger]:
    return np.dtype("<u2") if width <= 1 << 16 else np.dtype("<u4")


def _read_csr(data: memoryview, shape: tuple[int, int]) -> tuple[Mask, int]:
    rows, width = shape
    start = _COUNT.itemsize * (rows + 1)
    ends = np.frombuffer(_cut(data, 0, start), _COUNT).astype(np.int64)
    counts = np.diff(ends)
    if ends[0] != 0 or (counts < 0).any() or counts.max(initial=0) > width:
        raise FormatError("osd, csr: expected counts that rise by at most the width, got others")
    end = start + int(ends[-1]) * _column(width).itemsize
    columns = np.frombuffer(_cut(data, start, end), _column(width)).astype(np.int64)
    cells = np.repeat(np.arange(rows), counts) * width + columns
    if (columns >= width).any() or (np.diff(cells) <= 0).any():
        raise FormatError(f"osd, csr: expected rising columns below {width} in each row, got others")
    return _scatter(cells, shape), end


def _read_bitmap(data: memoryview, shape: tuple[int, int]) -> tuple[Mask, int]:
    cells = shape[0] * shape[1]
    end = -(-cells // 8)
    found = np.unpackbits(np.frombuffer(_cut(data, 0, end), np.uint8))
    if found[cells:].any():
        raise FormatError("osd, bitmap: expected zeros after the last cell, got ones")
    return found[:cells].astype(bool).reshape(shape), end


def _gaps(kept: Mask) -> NDArray[np.int64]:
    """How many cells that are not kept stand before each one that is."""
    cells = np.flatnonzero(kept)
    return np.diff(cells, prepend=-1) - 1


def _parameter(gaps: NDArray[np.int64]) -> int:
    """The number of low bits that takes the fewest in all."""
    mean = int(gaps.mean()) if len(gaps) else 0
    guess = mean.bit_length()
    return min(range(max(0, guess - 2), min(_MOST_B, guess + 1) + 1), key=lambda b: _rice_bits(gaps, b))


def _rice_bits(gaps: NDArray[np.int64], b: int) -> int:
    return int((gaps >> b).sum()) + len(gaps) * (1 + b)


def _write_rice(gaps: NDArray[np.int64], b: int) -> bytes:
    upper = gaps >> b
    unary = np.ones(int(upper.sum()) + len(gaps), np.uint8)
    unary[np.cumsum(upper + 1) - 1] = 0
    lower = np.empty((len(gaps), b), np.uint8)
    for place in range(b):
        lower[:, place] = (gaps >> (b - 1 - place)) & 1
    return np.packbits(np.concatenate([unary, lower.ravel()])).tobytes()


def _read_rice(data: memoryview, shape: tuple[int, int]) -> tuple[Mask, int]:
    count, b = int.from_bytes(_cut(data, 0, 4), "little"), _cut(data, 4, 5)[0]
    cells = shape[0] * shape[1]
    if count > cells or b > _MOST_B:
        raise FormatError(f"osd, rice: expected at most {cells} entries and {_MOST_B} bits, got {count} and {b}")
    gaps, begin = _read_unary(data[_RICE_HEAD:], count, most=count + ((cells - count) >> b))
    if (int(gaps.sum()) << b) + count > cells:
        raise FormatError("osd, rice: expected gaps within the matrix, got more")
    end = begin + count * b
    size = _RICE_HEAD + -(-end // 8)
    stream = np.unpackbits(np.frombuffer(_cut(data, _RICE_HEAD + begin // 8, size), np.uint8))[begin % 8 :]
    lower = stream[: count * b].reshape(count, b)
    for place in range(b):
        gaps <<= 1
        gaps |= lower[:, place]
    if stream[count * b :].any() or _parameter(gaps) != b:
        raise FormatError("osd, rice: expected the shortest form with zeros at its end, got another")
    return _scatter(_places(gaps, cells), shape), size


def _read_unary(data: memoryview, count: int, *, most: int) -> tuple[NDArray[np.int64], int]:
    """So many numbers in unary, which take at most ``most`` bits, and how many bits they took."""
    stream = np.unpackbits(np.frombuffer(data[: -(-most // 8)], np.uint8))
    zeros = np.flatnonzero(stream == 0)[:count]
    if len(zeros) < count:
        raise FormatError(f"osd, rice: expected {count} gaps within the matrix, got {len(zeros)}")
    return np.diff(zeros, prepend=-1) - 1, int(zeros[-1]) + 1 if count else 0


def _places(gaps: NDArray[np.int64], cells: int) -> NDArray[np.int64]:
    found = np.cumsum(gaps + 1) - 1
    if len(found) and found[-1] >= cells:
        raise FormatError("osd, rice: expected gaps within the matrix, got more")
    return found


def _scatter(cells: NDArray[np.int64], shape: tuple[int, int]) -> Mask:
    found = np.zeros(shape[0] * shape[1], bool)
    found[cells] = True
    return found.reshape(shape)


def _cut(data: memoryview, begin: int, end: int) -> memoryview:
    if end > len(data):
        raise FormatError(f"osd: expected {end} bytes of a mask, got {len(data)}")
    return data[begin:end]
