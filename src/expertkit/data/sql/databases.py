"""Databases to run answers on, filled so that a wrong query is not right by luck.

Owns the rows; the literals of a column are drawn in ``expertkit.data.cells``, and running an answer that nobody
vouches for is the grader's business. A row may be referred to by many others or by none.
"""

from __future__ import annotations

import random
import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from expertkit.data.cells import draw_flags, draw_numbers, draw_sizes, draw_texts, repeat
from expertkit.data.items import Item

_TABLE = re.compile(r"CREATE TABLE (\w+) \(([^)]*)\);")
_COMPARISON = re.compile(r"(\w+) (?:[=<>!]+|IN|BETWEEN) (\('[^)]*\)|'\w+'|\d+ AND \d+|\d+)")
_LITERAL = re.compile(r"'\w+'|\d+")
_SORTED = re.compile(r"(?:ORDER BY |\(SELECT (?:MAX|MIN)\()(\w+)")
_FLAG = re.compile(r"(\w+) = [01]\b")
_ABSENT = re.compile(r"(\w+) IS NULL")
_SLIP = re.compile(r"(?<= )(?:>=|>|<)(?= \d)|MAX|MIN")
_SLIPPED = {">=": ">", ">": ">=", "<": "<=", "MAX": "MIN", "MIN": "MAX"}
_ROWS = (10, 16)
_FRACTIONS = ("", ".25", ".5")
_HIGHEST_ID = 40
_ATTEMPTS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Needs:
    """What the gold answer asks of the columns, by their names; no two tables share one."""

    literals: dict[str, list[str]]
    sorted: frozenset[str]
    flags: frozenset[str]
    absent: frozenset[str]


def trials(item: Item, *, count: int = 3) -> tuple[tuple[str, ...], ...]:
    """The INSERT statements that fill ``count`` different databases of the item's schema.

    On each the gold answer has rows, with something else than zero or NULL in them.

    Raises:
        ValueError: No such database was found.
    """
    return tuple(_fill_database(item, number) for number in range(count))


def _fill_database(item: Item, number: int) -> tuple[str, ...]:
    rng = random.Random(f"databases {item.id} {item.group} {number}")
    needs = _read_needs(item.answer)
    for _ in range(_ATTEMPTS):
        script = _draw_script(rng, item.context, needs=needs)
        if _is_telling(item, script):
            return script
    raise ValueError(f"no database found on which the answer of item {item.id!r} has rows")


def _read_needs(answer: str) -> _Needs:
    return _Needs(
        literals={name: _LITERAL.findall(literals) for name, literals in _COMPARISON.findall(answer)},
        sorted=frozenset(_SORTED.findall(answer)),
        flags=frozenset(_FLAG.findall(answer)),
        absent=frozenset(_ABSENT.findall(answer)),
    )


def _draw_script(rng: random.Random, context: str, *, needs: _Needs) -> tuple[str, ...]:
    """One INSERT for each table, those that are referred to first."""
    statements: list[str] = []
    ids: dict[str, list[int]] = {}
    for table, declared in _TABLE.findall(context):
        ids[f"{table}_id"] = ids["id"] = rng.sample(range(1, _HIGHEST_ID), k=rng.randint(*_ROWS))
        columns = [_draw_cells(rng, *field.split(), ids=ids, needs=needs) for field in declared.split(", ")]
        rows = ", ".join(f"({', '.join(cells)})" for cells in zip(*columns, strict=True))
        statements.append(f"INSERT INTO {table} VALUES {rows};")  # noqa: S608  # names and values that we drew
    return tuple(statements)


def _draw_cells(rng: random.Random, name: str, type_: str, *, ids: dict[str, list[int]], needs: _Needs) -> list[str]:
    """The SQL literals of one column."""
    rows = len(ids["id"])
    if name == "id":
        return [str(id_) for id_ in ids["id"]]
    if name in ids:
        return repeat(rng, [str(id_) for id_ in ids[name][1:]], sizes=draw_sizes(rng, rows=rows))
    if name in needs.flags:
        return draw_flags(rng, rows=rows, true="1", false="0")
    if type_ == "TEXT":
        return draw_texts(rng, literals=needs.literals.get(name, []), absent=name in needs.absent, rows=rows)
    literals = [int(literal) for literal in needs.literals.get(name, [])]
    return draw_numbers(rng, literals=literals, distinct=name in needs.sorted, rows=rows, fractions=_FRACTIONS)


def _is_telling(item: Item, script: Sequence[str]) -> bool:
    """Whether the gold answer has a row with something else than zero or NULL, and the likeliest slip has others."""
    slipped = _SLIP.sub(lambda part: _SLIPPED[part[0]], item.answer)
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(item.context + "".join(script))
        rows = connection.execute(item.answer).fetchall()
        if not any(any(row) for row in rows):
            return False
        return slipped == item.answer or connection.execute(slipped).fetchall() != rows
