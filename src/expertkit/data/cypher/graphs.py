"""Graphs to run answers on, filled so that a wrong query is not right by luck.

Owns the nodes and relations; the literals of a property are drawn in ``expertkit.data.cells``, and running an answer
that nobody vouches for is the grader's business. A node may have many relations or none, and two nodes more than one.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from expertkit.data.cells import draw_flags, draw_numbers, draw_sizes, draw_texts, repeat
from expertkit.data.cypher.engine import GraphDatabase, Row
from expertkit.data.cypher.tables import Declared, declare_tables, read_context
from expertkit.data.items import Item

_COMPARISON = re.compile(
    r"\w\.(\w+) (?:[=<>]+|IN) (\[[^]]*\]|'\w+'|\d+)|\{(\w+): ('\w+')\}|\w\.(\w+)\) AS n WHERE n > (\d+)"
)
_LITERAL = re.compile(r"'\w+'|\d+")
_SORTED = re.compile(r"ORDER BY \w\.(\w+)")
_ABSENT = re.compile(r"\w\.(\w+) IS NULL")
_SLIPS = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"> (?=\d)", ">= "), (r">= (?=\d)", "> "), (r"< (?=\d)", "<= "),
        (" AND .*(?= RETURN)", ""), (r"WHERE \S+ = \S+ AND", "WHERE"), (r" \{\w+: [^}]*\}", ""), ("NOT ", ""),
        ("MAX", "MIN"), ("MIN", "MAX"), ("SUM", "AVG"), ("AVG", "MAX"),
        ("DISTINCT ", ""), (" DESC", ""), (r" LIMIT \d", ""),
        ("OPTIONAL ", ""), (r"(OPTIONAL .*)COUNT\(b\)", r"\1COUNT(*)"),
        (r"\(a:(\w+)\)(-\[:\w+\])->\(b:\1\)", r"(b:\1)\2->(a:\1)"),
    )
)  # fmt: skip
"""One slip each; an answer with it has other rows on every graph."""
_NODES = (6, 8)
_RELATIONS = (8, 11)
_LARGEST = (3, 5)  # nodes or relations at least in the largest group
_MOST_ROWS = 1000
_ATTEMPTS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class _Needs:
    """What the gold answer asks of the properties, by their names; no two labels or types share one."""

    literals: dict[str, list[str]]
    sorted: frozenset[str]
    absent: frozenset[str]


def trials(item: Item, *, count: int = 3) -> tuple[tuple[str, ...], ...]:
    """The statements that make ``count`` different graphs of the item's schema, in LadybugDB's dialect.

    On each the gold answer has rows, with something else than zero or NULL in them.

    Raises:
        ValueError: No such graph was found.
    """
    declared = read_context(item.context)
    tables = declare_tables(declared)
    with closing(GraphDatabase(tables)) as database:
        return tuple((*tables, _draw_graph(item, declared, database, number=number)) for number in range(count))


def _draw_graph(item: Item, declared: Declared, database: GraphDatabase, *, number: int) -> str:
    rng = random.Random(f"graphs {item.id} {item.group} {number}")
    needs = _read_needs(item.answer)
    for _ in range(_ATTEMPTS):
        graph = _draw_statement(rng, declared, needs=needs)
        database.fill((*database.tables, graph))
        if _is_telling(item.answer, database):
            return graph
    raise ValueError(f"no graph found on which the answer of item {item.id!r} has rows")


def _read_needs(answer: str) -> _Needs:
    literals: dict[str, list[str]] = {}
    for names in _COMPARISON.findall(answer):
        name, compared = (part for part in names if part)
        literals[name] = _LITERAL.findall(compared)
    return _Needs(
        literals=literals,
        sorted=frozenset(_SORTED.findall(answer)),
        absent=frozenset(_ABSENT.findall(answer)),
    )


def _draw_statement(rng: random.Random, declared: Declared, *, needs: _Needs) -> str:
    """One CREATE with all nodes and then all relations."""
    made: list[str] = []
    names: dict[str, list[str]] = {}
    for letter, (label, properties) in zip("abc", declared.nodes.items(), strict=False):
        maps = _draw_maps(rng, properties, needs=needs, rows=rng.randint(*_NODES))
        names[label] = [f"{letter}{number}" for number in range(len(maps))]
        made += [f"({name}:{label}{map_})" for name, map_ in zip(names[label], maps, strict=True)]
    for source, type_, properties, target in declared.relations:
        ends = _draw_ends(rng, sources=names[source], targets=names[target])
        maps = _draw_maps(rng, properties, needs=needs, rows=len(ends))
        made += [f"({start})-[:{type_}{map_}]->({end})" for (start, end), map_ in zip(ends, maps, strict=True)]
    return f"CREATE {', '.join(made)};"


def _draw_ends(rng: random.Random, *, sources: Sequence[str], targets: Sequence[str]) -> list[tuple[str, str]]:
    """Where relations lead from and to: one node has many, some have none, none leads to itself."""
    sizes = draw_sizes(rng, rows=rng.randint(*_RELATIONS), largest=rng.randint(*_LARGEST))[1 - len(sources) :]
    starts = repeat(rng, rng.sample(sources[1:], k=len(sizes)), sizes=sizes)
    return [(start, rng.choice([target for target in targets[:-1] if target != start])) for start in starts]


def _draw_maps(rng: random.Random, properties: dict[str, str], *, needs: _Needs, rows: int) -> list[str]:
    """The properties of so many nodes or relations; what is NULL is left out."""
    columns = [
        [(name, cell) for cell in _draw_cells(rng, name, type_, needs=needs, rows=rows)]
        for name, type_ in properties.items()
    ]
    filled = [
        ", ".join(f"{name}: {cell}" for name, cell in row if cell != "NULL") for row in zip(*columns, strict=True)
    ]
    return [f" {{{cells}}}" if cells else "" for cells in filled] if columns else [""] * rows


def _draw_cells(rng: random.Random, name: str, type_: str, *, needs: _Needs, rows: int) -> list[str]:
    """The literals of one property."""
    literals = needs.literals.get(name, [])
    if type_ == "BOOLEAN":
        return draw_flags(rng, rows=rows, true="true", false="false")
    if type_ == "STRING":
        largest = rng.randint(*_LARGEST)
        return draw_texts(rng, literals=literals, absent=name in needs.absent, rows=rows, largest=largest)
    return draw_numbers(rng, literals=list(map(int, literals)), distinct=name in needs.sorted, rows=rows)


def _is_telling(answer: str, database: GraphDatabase) -> bool:
    """Whether the answer has a row with something else than zero or NULL, and with any one slip it has others."""
    rows = database.read(answer, most_rows=_MOST_ROWS)
    if not any(any(row) for row in rows):
        return False
    slipped = {pattern.sub(replacement, answer) for pattern, replacement in _SLIPS} - {answer}
    return all(_differ(rows, database.read(slip, most_rows=_MOST_ROWS), slip) for slip in sorted(slipped))


def _differ(rows: Sequence[Row], others: Sequence[Row], query: str) -> bool:
    """Whether the rows are others, in whatever order where the query says none."""
    return rows != others if "ORDER BY" in query else sorted(map(repr, rows)) != sorted(map(repr, others))
