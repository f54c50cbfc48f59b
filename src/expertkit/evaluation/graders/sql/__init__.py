"""Grading SQL: an answer is right if its rows are gold's rows on every database of the item.

Answers come from models and from strangers' experts, so each runs in an SQLite of its own, in
memory, that only reads and does a limited amount of work; whatever goes wrong there is a verdict, not an error.
The limit is counted in SQLite's own steps, so that a verdict is the same on every computer; the clock stops
only what takes long for each of them.
"""

from __future__ import annotations

import itertools
import json
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from expertkit.data.items import Item
from expertkit.evaluation.graders import Grade, Grader
from expertkit.evaluation.graders.rows import Row, same_rows, show_rows
from expertkit.evaluation.graders.sql.syntax import find_parse_problem, is_ordered

_MOST_ROWS = 10_000
_STEPS_BETWEEN_CHECKS = 1_000
_MOST_CHECKS = 20_000
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 1_000,  # bytes of a value or a row
    sqlite3.SQLITE_LIMIT_COLUMN: 32,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 100,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 200,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
_ALLOWED = frozenset((sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE))
_REFUSED_FUNCTIONS = frozenset((
    "load_extension", "random", "randomblob", "current_date", "current_time", "current_timestamp",
))  # fmt: skip
"""What reaches out of the database, and what gives other rows the next time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlGrader(Grader):
    """Runs answers and gold answers on the databases of their items."""

    metrics: ClassVar[tuple[str, ...]] = ("rows", "parses")
    """Whether all rows are gold's, and whether the answer is one SQL query at all."""

    scripts: Mapping[str, Sequence[Sequence[str]]]
    """By item id: for each database the statements that fill it."""
    time_limit_s: float = 10.0
    """Seconds that one answer may run on one database, if it does not run out of steps before."""

    @classmethod
    def from_file(cls, path: Path, *, time_limit_s: float = 10.0) -> SqlGrader:
        """The grader for the items whose trials stand in this JSON Lines file."""
        with path.open(encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        return cls(scripts={row["id"]: row["scripts"] for row in rows}, time_limit_s=time_limit_s)

    def grade(self, item: Item, answer: str) -> Grade:
        """The verdicts on ``answer``.

        Raises:
            ValueError: The item has no databases, or its own answer does not run: not the answer's fault.
        """
        if not self.scripts.get(item.id):
            raise ValueError(f"no databases for item {item.id!r}")
        problem = find_parse_problem(answer)
        if problem:
            return Grade(scores={"rows": False, "parses": False}, problem=problem)
        problem = self._find_row_problem(item, answer)
        return Grade(scores={"rows": problem is None, "parses": True}, problem=problem)

    def is_empty(self, item: Item) -> bool:
        """Whether gold has no rows on any database of the item."""
        for script in self.scripts[item.id]:
            with _open_database(item.context, script) as database:
                if self._read_gold(item, database):
                    return False
        return True

    def _find_row_problem(self, item: Item, answer: str) -> str | None:
        ordered = is_ordered(item.answer)
        for number, script in enumerate(self.scripts[item.id], start=1):
            with _open_database(item.context, script) as database:
                expected = self._read_gold(item, database)
                try:
                    rows = _read_rows(database, answer, time_limit_s=self.time_limit_s)
                except (sqlite3.Error, sqlite3.Warning, UnicodeError, MemoryError) as error:
                    return f"database {number}: {error}"
            if not same_rows(expected, rows, ordered=ordered):
                return f"database {number}: expected {show_rows(expected)}, got {show_rows(rows)}"
        return None

    def _read_gold(self, item: Item, database: sqlite3.Connection) -> list[Row]:
        try:
            return _read_rows(database, item.answer, time_limit_s=self.time_limit_s)
        except sqlite3.Error as error:
            raise ValueError(f"the gold answer of item {item.id!r} does not run: {error}") from error


@contextmanager
def _open_database(context: str, script: Sequence[str]) -> Iterator[sqlite3.Connection]:
    """A filled database in memory that from now on can only be read."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        database.executescript(context + "\n" + "\n".join(script))
        database.execute("PRAGMA query_only = ON")
        for limit, value in _LIMITS.items():
            database.setlimit(limit, value)
        database.set_authorizer(_authorize)
        yield database


def _authorize(action: int, _first: str | None, name: str | None, *_where: str | None) -> int:
    refused = action not in _ALLOWED or (action == sqlite3.SQLITE_FUNCTION and name in _REFUSED_FUNCTIONS)
    return sqlite3.SQLITE_DENY if refused else sqlite3.SQLITE_OK


def _read_rows(database: sqlite3.Connection, query: str, *, time_limit_s: float) -> list[Row]:
    """All rows of a query.

    Raises:
        sqlite3.Error: It does not run, takes too long or returns too many rows.
    """
    deadline = time.monotonic() + time_limit_s
    checks = itertools.count()
    database.set_progress_handler(
        lambda: next(checks) >= _MOST_CHECKS or time.monotonic() > deadline, _STEPS_BETWEEN_CHECKS
    )
    try:
        rows = database.execute(query).fetchmany(_MOST_ROWS + 1)
    except sqlite3.OperationalError as error:
        if str(error) == "interrupted":
            raise sqlite3.OperationalError(f"stopped after {next(checks) * _STEPS_BETWEEN_CHECKS} steps") from error
        raise
    if len(rows) > _MOST_ROWS:
        raise sqlite3.DataError(f"too many rows: expected at most {_MOST_ROWS}")
    return rows
