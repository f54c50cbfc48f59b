"""Columns of literals that make rows tell a wrong query from a right one.

What a query compares with occurs in them, and so do its neighbours; what it sorts by has no ties; groups have
different sizes, one of them the greatest. Literals are written alike in SQL and in Cypher, but for true and false.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from expertkit.data.words import VALUES

LARGEST = 5
"""Rows at least in the largest group, if nothing else is said."""


def draw_texts(
    rng: random.Random, *, literals: Sequence[str], absent: bool, rows: int, largest: int = LARGEST
) -> list[str]:
    """Quoted words in groups, the given literals among them; a group is NULL where ``absent``."""
    chosen = [*literals, *(["NULL"] if absent else [])]
    others = [literal for word in rng.sample(VALUES, k=rows) if (literal := f"'{word}'") not in chosen]
    sizes = draw_sizes(rng, rows=rows, largest=largest)
    kept = (chosen + others)[: len(sizes)]
    return repeat(rng, rng.sample(kept, k=len(kept)), sizes=sizes)


def draw_numbers(
    rng: random.Random, *, literals: Sequence[int], distinct: bool, rows: int, fractions: Sequence[str] = ("",)
) -> list[str]:
    """Every literal with its neighbours, and numbers on both sides; a third of the rows repeat others.

    Args:
        rng: what is drawn from.
        literals: what the query compares with.
        distinct: no number twice.
        rows: how many.
        fractions: what the other numbers may end in.
    """
    near = [str(literal + step) for literal in literals for step in (-1, 0, 1)]
    top = max(2 * max(literals, default=rng.randint(20, 60)), 3 * rows)
    far = [f"{number}{rng.choice(fractions)}" for number in rng.sample(range(1, top), k=rows)]
    pool = list(dict.fromkeys([*near, *far]))[: rows if distinct else rows * 2 // 3]
    cells = pool + rng.choices(pool, k=rows - len(pool))
    return rng.sample(cells, k=rows)


def draw_flags(rng: random.Random, *, rows: int, true: str, false: str) -> list[str]:
    """Both literals, each in three rows or more."""
    count = rng.randint(3, rows - 3)
    return rng.sample([true] * count + [false] * (rows - count), k=rows)


def repeat(rng: random.Random, values: Sequence[str], *, sizes: Sequence[int]) -> list[str]:
    """Each value as often as its size says, in random order."""
    cells = [value for value, size in zip(values, sizes, strict=False) for _ in range(size)]
    return rng.sample(cells, k=sum(sizes))


def draw_sizes(rng: random.Random, *, rows: int, largest: int = LARGEST) -> list[int]:
    """Sizes of three or more groups that add up to ``rows``, the last one greater than all others."""
    sizes: list[int] = []
    left = rows
    while left > largest and (len(sizes) < 2 or rng.random() < 0.8):  # two before the last
        sizes.append(rng.randint(1, min(largest - 1, left - largest)))
        left -= sizes[-1]
    return [*sizes, left]
