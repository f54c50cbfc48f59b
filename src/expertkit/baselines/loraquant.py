"""LoRAQuant (arXiv 2510.26690), without its refinement by gradients: the first components have more bits than the rest.

Of each module the first components, until they have a share ``rho`` of its energy, are rounded to a few bits between
the smallest and the largest number of a group of 128. The rest is a sign times the mean size in its group.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import product

import numpy as np

from expertkit.adapters.svd import Array64
from expertkit.baselines import bits, blocks
from expertkit.baselines.files import File, write
from expertkit.baselines.largest import largest
from expertkit.baselines.original import Original, Pair
from expertkit.osd.file.reading import Reader

METHOD = "loraquant"
WIDTHS = (2, 3, 4)
SHARES = (0.5, 0.7, 0.8, 0.9, 0.95, 1.0)
_SCALE = np.dtype("<f2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """What is chosen."""

    width: int
    """Bits of a number of the first components."""
    rho: float
    """Their share of a module's energy, at least."""
    rank: int
    """Components in all."""


def encode(original: Original, knobs: Knobs) -> bytes:
    """The file of both parts."""
    pairs = original.components(knobs.rank)
    pieces = []
    for name, pair in pairs.items():
        first = _first(original.sources[name].svd.s, knobs.rho, pair.rank)
        pieces.append(first.to_bytes(2, "little"))
        for side in pair.sides:
            pieces += [_round(side[:first], knobs.width), _sign(side[first:])]
    ranks = {name: pair.rank for name, pair in pairs.items()}
    return write(original, b"".join(pieces), method=METHOD, knobs=asdict(knobs), ranks=ranks)


def decode(file: File) -> dict[str, Pair]:
    """Both parts, one above the other.

    Raises:
        FormatError: the body is too short or too long.
    """
    reader, width = Reader(file.body, file="baseline"), int(file.knobs["width"])
    found = {}
    for name, shape in file.shapes.items():
        first = int.from_bytes(reader.take(2), "little")
        left, right = (np.vstack([_read_rounded(reader, (first, side), width),
                                  _read_signs(reader, (shape.rank - first, side))])
                       for side in (shape.out, shape.width))  # fmt: skip
        found[name] = Pair(left=left, right=right)
    reader.end()
    return found


def tried(original: Original, budget: int) -> Iterator[bytes]:
    """For all bits and shares the file of the most components that fit."""
    for width, rho in product(WIDTHS, SHARES):
        ways = [Knobs(width=width, rho=rho, rank=rank) for rank in range(1, original.rank + 1)]
        knobs = largest(ways, lambda knobs: len(encode(original, knobs)) <= budget)
        if knobs is not None:
            yield encode(original, knobs)


def _first(s: Array64, rho: float, rank: int) -> int:
    """How many components have at least that share of the energy; no more than there are in the file."""
    wanted = rho * float(s @ s) * (1 - 1e-12)  # all of it is met in spite of rounding
    return min(rank, int(np.searchsorted(np.cumsum(s**2), wanted)) + 1)


def _round(rows: Array64, width: int) -> bytes:
    low = blocks.smallest(rows).astype(_SCALE)
    steps = ((blocks.largest(rows) - low) / _peak(width)).astype(_SCALE)
    start, step = (blocks.spread(each.astype(np.float64), rows.shape[1]) for each in (low, steps))
    codes = np.clip(np.rint((rows - start) / np.where(step > 0, step, 1)), 0, _peak(width))
    return low.tobytes() + steps.tobytes() + bits.pack(codes.astype(np.uint8), width)


def _read_rounded(reader: Reader, shape: tuple[int, int], width: int) -> Array64:
    low, steps = (reader.numbers((shape[0], blocks.count(shape[1])), _SCALE).astype(np.float64) for _ in range(2))
    codes = bits.unpack(reader, shape, width)
    found: Array64 = blocks.spread(low, shape[1]) + codes * blocks.spread(steps, shape[1])
    return found


def _sign(rows: Array64) -> bytes:
    sizes = blocks.mean(np.abs(rows)).astype(_SCALE)
    return sizes.tobytes() + bits.pack((rows > 0).astype(np.uint8), 1)


def _read_signs(reader: Reader, shape: tuple[int, int]) -> Array64:
    sizes = reader.numbers((shape[0], blocks.count(shape[1])), _SCALE).astype(np.float64)
    found: Array64 = (2.0 * bits.unpack(reader, shape, 1) - 1) * blocks.spread(sizes, shape[1])
    return found


def _peak(width: int) -> int:
    return (1 << width) - 1
