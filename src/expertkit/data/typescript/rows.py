"""Rows to call functions on: one cell for each field, as JSON values.

Owns how a cell is drawn; which cells a call needs is said by ``calls``.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from expertkit.data.typescript.forms import Json
from expertkit.data.typescript.interfaces import Field
from expertkit.data.words import VALUES

_HIGHEST = 130  # numbers of one, two and three digits, whose order as text is another one
_FRACTIONS = (0, 0, 0.25, 0.5)  # their sums are exact, in whatever order they are added
_AROUND, _ABOVE = (-1, 0, 1), ((0, 1), (1,))
_POOL = 4  # words that the lists of a column share


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What the cells of one argument are drawn for."""

    rows: int
    lists: tuple[int, int]
    """The shortest and the longest list of a row."""
    literals: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """By field: the values that the question names."""
    keys: frozenset[str] = frozenset()
    """The fields of which no two rows share a value."""
    is_one_sided: bool = False
    """No cell is a text that the question names, and no number below the one that it names."""
    is_negative: bool = False
    """Every number is below zero."""


def draw_rows(rng: random.Random, fields: Sequence[Field], needs: Needs) -> list[dict[str, Json]]:
    """As many rows as needed; a text that may be missing is left out of some."""
    columns = {each.name: _draw_column(rng, each, needs) for each in fields}
    return [
        {name: cells[row] for name, cells in columns.items() if cells[row] is not None} for row in range(needs.rows)
    ]


def _draw_column(rng: random.Random, each: Field, needs: Needs) -> list[Json]:
    """The cells of a field, one for each row; None where it is left out."""
    literals = needs.literals.get(each.name, ())
    match each.kind:
        case "number":
            return _draw_numbers(rng, literals, needs=needs, count=needs.rows, distinct=each.name in needs.keys)
        case "text":
            return _draw_texts(rng, literals, needs=needs, distinct=each.name in needs.keys)
        case "flag":
            return _draw_flags(rng, count=needs.rows)
        case "maybe":
            return _leave_out(rng, _draw_texts(rng, literals, needs=needs, distinct=False))
        case "numbers":
            lengths = [rng.randint(*needs.lists) for _ in range(needs.rows)]
            return [_draw_numbers(rng, literals, needs=needs, count=length, distinct=False) for length in lengths]
        case _:
            return _draw_lists(rng, literals, needs=needs)


def _draw_numbers(
    rng: random.Random, literals: Sequence[int], *, needs: Needs, count: int, distinct: bool
) -> list[Json]:
    """Every literal with its neighbours, numbers of one and of three digits, others; a third of the cells repeats."""
    steps = rng.choice(_ABOVE) if needs.is_one_sided else _AROUND
    near = [literal + step for literal in literals for step in steps]
    low = max(literals, default=0) + 1 if needs.is_one_sided else 1
    ends = [] if needs.is_one_sided else [rng.randint(2, 9), rng.randint(100, _HIGHEST)]
    top = max(low + _HIGHEST, 2 * max(literals, default=0))
    far = [number + rng.choice(_FRACTIONS) for number in rng.sample(range(low, top), k=count)]
    pool = list(dict.fromkeys([*near, *ends, *far]))[: count if distinct else max(len(near) + 2, count * 2 // 3)]
    cells = (pool + rng.choices(pool, k=max(0, count - len(pool))))[:count]
    return [-cell if needs.is_negative else cell for cell in rng.sample(cells, k=count)]


def _draw_texts(rng: random.Random, literals: Sequence[str], *, needs: Needs, distinct: bool) -> list[Json]:
    """The literals, words that almost are one, others; some cells repeat another."""
    count = needs.rows
    pool = [*_name_words(literals, needs=needs), *rng.sample(VALUES, k=count)]
    kept = list(dict.fromkeys(pool))[: count if distinct else rng.randint(3, max(3, count - 2))]
    cells = (kept + rng.choices(kept, k=max(0, count - len(kept))))[:count]
    return rng.sample(cells, k=count)


def _draw_lists(rng: random.Random, literals: Sequence[str | int], *, needs: Needs) -> list[Json]:
    """For each row a list of words from a small pool, with repetitions."""
    words = [literal for literal in literals if isinstance(literal, str)]
    lengths = {literal + step for literal in literals if isinstance(literal, int) for step in _AROUND}
    near = [word for word in VALUES if len(word) in lengths]
    pool = [*_name_words(words, needs=needs), *rng.sample(near, k=min(_POOL, len(near))), *rng.sample(VALUES, k=_POOL)]
    return [rng.choices(pool, k=rng.randint(*needs.lists)) for _ in range(needs.rows)]


def _draw_flags(rng: random.Random, *, count: int) -> list[Json]:
    true = rng.randint(count // 4, count - count // 4)
    return rng.sample([True] * true + [False] * (count - true), k=count)


def _leave_out(rng: random.Random, cells: list[Json]) -> list[Json]:
    """Some cells left out, and one empty, which is not the same."""
    count = len(cells)
    out, empty = count // 3, min(1, count // 3)
    return rng.sample([None] * out + [""] * empty + cells[out + empty :], k=count)


def _name_words(literals: Sequence[str], *, needs: Needs) -> list[str]:
    """The literals, unless only one side is wanted, and a longer and a shorter word that begin alike."""
    named = [] if needs.is_one_sided else list(literals)
    return named + [almost for literal in literals for almost in (f"{literal}s", literal[:-1])]
