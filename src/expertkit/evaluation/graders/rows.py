"""Comparing the rows of two queries: as lists or as multisets, numbers by value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

Cell: TypeAlias = int | float | str | bytes | None
Row: TypeAlias = tuple[Cell, ...]

_TOLERANCE = 1e-9  # relative; sums of floats depend on the order of the rows
_RANKS = {type(None): 0, int: 1, float: 1, str: 2, bytes: 3, bool: 4}


def same_rows(expected: Sequence[Row], got: Sequence[Row], *, ordered: bool) -> bool:
    """Whether both have the same rows, each equally often; in the same order, where ``ordered``.

    Columns are compared by position. An integer equals the float of the same value, floats are
    equal within a relative tolerance, NULL equals NULL, and true is no number.
    """
    if len(expected) != len(got):
        return False
    if not ordered:
        expected, got = sorted(expected, key=_sort_key), sorted(got, key=_sort_key)
    return all(map(_same_row, expected, got))


def show_rows(rows: Sequence[Row], *, shown: int = 3) -> str:
    """The first rows, for a person."""
    more = f" and {len(rows) - shown} more" if len(rows) > shown else ""
    return f"{', '.join(map(repr, rows[:shown])) or 'no rows'}{more}"


def _same_row(expected: Row, got: Row) -> bool:
    return len(expected) == len(got) and all(map(_same_cell, expected, got))


def _same_cell(expected: Cell, got: Cell) -> bool:
    if isinstance(expected, float) or isinstance(got, float):
        numbers = type(expected) in {int, float} and type(got) in {int, float}
        return numbers and math.isclose(expected, got, rel_tol=_TOLERANCE)  # type: ignore[arg-type]
    return type(expected) is type(got) and expected == got


def _sort_key(row: Row) -> tuple[tuple[int, float | str | bytes], ...]:
    """A key that floats a rounding error apart share, so that such rows meet each other."""
    return tuple((_RANKS[type(cell)], _round_number(cell)) for cell in row)


def _round_number(cell: Cell) -> float | str | bytes:
    if isinstance(cell, int | float):
        return float(f"{cell:.9g}")
    return cell if cell is not None else 0.0
