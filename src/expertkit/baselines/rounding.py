"""RTN: numbers rounded to whole multiples of a scale, which a group of 128 has in common.

Either B and A as they were trained, or the components, as many as fit. The bytes may be coded by zstd: whoever counts
bytes would do that too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import product

import numpy as np

from expertkit.adapters.svd import Array64
from expertkit.baselines import bits, blocks
from expertkit.baselines.bits import Codes
from expertkit.baselines.files import File, write
from expertkit.baselines.largest import largest
from expertkit.baselines.original import Original, Pair
from expertkit.osd.file import frames
from expertkit.osd.file.reading import Reader

METHOD = "rounding"
_LENGTH = 8
"""Bytes that say how long the body is without zstd."""


def encode(original: Original, pairs: Mapping[str, Pair], *, width: int, is_coded: bool) -> bytes:
    """The file of rounded pairs.

    Args:
        original: what they are of.
        pairs: of every module.
        width: bits of a number.
        is_coded: whether the body is a zstd frame.
    """
    rounded = [_round(side, width) for pair in pairs.values() for side in pair.sides]
    streams = [b"".join(scales for scales, _codes in rounded), b"".join(codes for _scales, codes in rounded)]
    body = b"".join(streams)
    if is_coded:
        body = len(body).to_bytes(_LENGTH, "little") + frames.compress(streams)
    ranks = {name: pair.rank for name, pair in pairs.items()}
    knobs = {"bits": width, "is_coded": is_coded, "rank": max(ranks.values())}
    return write(original, body, method=METHOD, knobs=knobs, ranks=ranks)


def decode(file: File) -> dict[str, Pair]:
    """The rounded pairs.

    Raises:
        FormatError: the body is too short or too long.
    """
    width, reader = int(file.knobs["bits"]), Reader(file.body, file="baseline")
    if file.knobs["is_coded"]:
        size = int.from_bytes(reader.take(_LENGTH), "little")
        reader = Reader(frames.decompress(reader.left, size=size))
    sizes = [(shape.rank, side) for shape in file.shapes.values() for side in (shape.out, shape.width)]
    scales = [reader.numbers((rank, blocks.count(side)), "<f2").astype(np.float64) for rank, side in sizes]
    codes = [bits.unpack(reader, size, width) for size in sizes]
    reader.end()
    rows = [_read(*each, width) for each in zip(scales, codes, strict=True)]
    return {name: Pair(left=rows[2 * at], right=rows[2 * at + 1]) for at, name in enumerate(file.shapes)}


def of_raw(original: Original, budget: int, *, width: int) -> Iterator[bytes]:
    """B and A, without zstd and with it; there is nothing else to choose."""
    for is_coded in (False, True):
        data = encode(original, original.raw(), width=width, is_coded=is_coded)
        if len(data) <= budget:
            yield data


def of_components(original: Original, budget: int, *, widths: Sequence[int]) -> Iterator[bytes]:
    """For numbers of so many bits the most components that fit, without zstd and with it."""
    for width, is_coded in product(widths, (False, True)):
        at = partial(_of_rank, original, width=width, is_coded=is_coded)
        rank = largest(range(1, original.rank + 1), partial(_fits, at, budget))
        if rank is not None:
            yield at(rank)


def _fits(at: Callable[[int], bytes], budget: int, rank: int) -> bool:
    return len(at(rank)) <= budget


def _of_rank(original: Original, rank: int, *, width: int, is_coded: bool) -> bytes:
    return encode(original, original.components(rank), width=width, is_coded=is_coded)


def _round(rows: Array64, width: int) -> tuple[bytes, bytes]:
    """A scale for each group, so that its largest number has the largest code, and the codes, moved above zero."""
    peak = _peak(width)
    scales = (blocks.largest(np.abs(rows)) / peak).astype("<f2")
    units = blocks.spread(scales.astype(np.float64), rows.shape[1])
    whole = np.clip(np.rint(rows / np.where(units > 0, units, 1)), -peak, peak) * (units > 0)
    return scales.tobytes(), bits.pack((whole + peak).astype(np.uint8), width)


def _read(scales: Array64, codes: Codes, width: int) -> Array64:
    found: Array64 = (codes.astype(np.float64) - _peak(width)) * blocks.spread(scales, codes.shape[1])
    return found


def _peak(width: int) -> int:
    return (1 << (width - 1)) - 1
