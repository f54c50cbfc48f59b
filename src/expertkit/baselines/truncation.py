"""truncSVD: the largest components in float16, a rank for all modules or one for each.

A component of a module of (out, in) costs ``2 (out + in)`` bytes and is worth its squared singular value. Where all
cost the same, those worth most are the optimum for the whole adapter; where costs differ, worth per byte is close.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from expertkit.adapters.svd import Array64
from expertkit.baselines.files import File, write
from expertkit.baselines.largest import largest
from expertkit.baselines.original import Original, Pair
from expertkit.osd.file import values
from expertkit.osd.file.reading import Reader

METHOD = "truncation"


def encode(original: Original, ranks: int | Mapping[str, int]) -> bytes:
    """The file of so many components of every module.

    Raises:
        ValueError: a number does not fit float16.
    """
    return encode_pairs(original, original.components(ranks), rank=ranks if isinstance(ranks, int) else "global")


def encode_pairs(original: Original, pairs: Mapping[str, Pair], *, rank: int | str) -> bytes:
    """The same of components that came about elsewhere.

    Args:
        original: what they are of.
        pairs: of every module.
        rank: how they were chosen, for people.

    Raises:
        ValueError: a number does not fit float16.
    """
    body = b"".join(_halves(side) for pair in pairs.values() for side in pair.sides)
    ranks = {name: pair.rank for name, pair in pairs.items()}
    return write(original, body, method=METHOD, knobs={"rank": rank}, ranks=ranks)


def decode(file: File) -> dict[str, Pair]:
    """The components of every module.

    Raises:
        FormatError: the body is too short or too long.
    """
    reader = Reader(file.body, file="baseline")
    found = {}
    for name, shape in file.shapes.items():
        left, right = (
            reader.numbers((shape.rank, size), "<f2").astype(np.float64) for size in (shape.out, shape.width)
        )
        found[name] = Pair(left=left, right=right)
    reader.end()
    return found


def uniform(original: Original, budget: int) -> Iterator[bytes]:
    """The file of the largest rank that fits."""
    rank = largest(range(1, original.rank + 1), lambda rank: len(encode(original, rank)) <= budget)
    if rank is not None:
        yield encode(original, rank)


def by_worth(original: Original, budget: int) -> Iterator[bytes]:
    """The file of the components worth most per byte, as many as fit, and that of a rank for all."""
    order = worthiest(original)
    count = largest(range(len(order) + 1), lambda n: len(encode(original, ranks_of(original, order[:n]))) <= budget)
    if count is not None:
        yield encode(original, ranks_of(original, order[:count]))
    yield from uniform(original, budget)


def worthiest(original: Original) -> list[str]:
    """The module of every component, those worth most per byte first."""
    worths = [
        (-(float(value) ** 2) / sum(source.shape), name)
        for name, source in original.sources.items()
        for value in source.svd.s
    ]
    return [name for _worth, name in sorted(worths)]


def ranks_of(original: Original, chosen: Sequence[str]) -> dict[str, int]:
    """How many components of every module are chosen."""
    counts = Counter(chosen)
    return {name: counts[name] for name in original.sources}


def _halves(side: Array64) -> bytes:
    return values.encode(side.ravel().astype(np.float32), "f16")
