"""Schemas: drawing tables for one part, and writing them as DDL and as canonical text."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from expertkit.data.split import Part, part_of
from expertkit.data.sql.names import Vocabulary, draw_name

Kind = Literal["number", "text", "flag"]

_KINDS: tuple[Kind, ...] = ("number", "number", "text", "text", "text", "flag")  # how often a spare column is which
_COUNTS = (
    "age capacity floor goal level minutes pages points population quantity rank seats storage tickets units votes "
    "year bandwidth humidity yield"
)  # the number fields that are INTEGER; the others measure something


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column that questions can ask about."""

    name: str
    kind: Kind
    type: str
    """As the DDL has it: INTEGER, REAL or TEXT."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table with its ``id``, its columns and possibly a reference to another table."""

    name: str
    columns: tuple[Column, ...]
    owner: str | None = None
    """The table that ``<owner>_id`` refers to."""

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """Name and type of everything the DDL declares, in order."""
        reference = ((f"{self.owner}_id", "INTEGER"),) if self.owner else ()
        return (("id", "INTEGER"), *reference, *((column.name, column.type) for column in self.columns))


def write_ddl(tables: Sequence[Table]) -> str:
    """The statements that make the tables, on one line."""
    return " ".join(f"CREATE TABLE {table.name} ({_declare(table.fields)});" for table in tables)


def canonical_text(table: Table) -> str:
    """The text that decides which part the table belongs to, whatever the order of its columns."""
    return f"{table.name}({_declare(sorted(table.fields))})"


def digest_tables(tables: Sequence[Table]) -> str:
    """Short digest that two schemas share exactly when they have the same tables."""
    text = "\n".join(sorted(canonical_text(table) for table in tables))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def draw_table(
    rng: random.Random,
    vocabulary: Vocabulary,
    *,
    part: Part,
    kinds: Sequence[Kind],
    size: int,
    owner: Table | None = None,
) -> Table:
    """A table of ``part`` with columns of these kinds and spare ones up to ``size``, in random order.

    It shares no name with its owner, so that a column's name tells its table.
    """
    while True:
        spare = [rng.choice(_KINDS) for _ in range(size - len(kinds))]
        table = _name_table(rng, vocabulary, kinds=rng.sample([*kinds, *spare], k=max(size, len(kinds))), owner=owner)
        if part_of(canonical_text(table)) == part:
            return table


def _name_table(rng: random.Random, vocabulary: Vocabulary, *, kinds: Sequence[Kind], owner: Table | None) -> Table:
    taken = {owner.name, *(column.name for column in owner.columns)} if owner else set()
    name = _draw_fresh(rng, vocabulary.entities, made_up=vocabulary.made_up, taken=taken)
    columns = tuple(_draw_column(rng, vocabulary, kind=kind, taken=taken) for kind in kinds)
    return Table(name=name, columns=columns, owner=owner.name if owner else None)


def _draw_column(rng: random.Random, vocabulary: Vocabulary, *, kind: Kind, taken: set[str]) -> Column:
    pools = {"number": vocabulary.numbers, "text": vocabulary.texts, "flag": vocabulary.flags}
    name = _draw_fresh(rng, pools[kind], made_up=vocabulary.made_up, taken=taken)
    types = {"number": "INTEGER" if name in _COUNTS.split() else "REAL", "text": "TEXT", "flag": "INTEGER"}
    return Column(name=name, kind=kind, type=types[kind])


def _draw_fresh(rng: random.Random, pool: Sequence[str], *, made_up: float, taken: set[str]) -> str:
    while (name := draw_name(rng, pool, made_up=made_up)) in taken:
        pass
    taken.add(name)
    return name


def _declare(fields: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{name} {type_}" for name, type_ in fields)
