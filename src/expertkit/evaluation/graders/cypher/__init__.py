"""Grading Cypher: an answer is right if its rows are gold's rows on every graph of the item.

Answers come from models and from strangers' experts. Only what reads is let through (``clauses``), and it runs in a
process of its own (``worker``), on an embedded LadybugDB in memory; whatever goes wrong there is a
verdict, not an error.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from expertkit.data.items import Item
from expertkit.evaluation.graders import Grade, Grader
from expertkit.evaluation.graders.cypher.clauses import find_refusal, is_ordered, is_same_query
from expertkit.evaluation.graders.cypher.process import GraphProcess, QueryError
from expertkit.evaluation.graders.rows import Row, same_rows, show_rows

_MALFORMED = "graph 1: Parser exception"  # how a problem begins where the engine says that the text is no query


@dataclass(frozen=True, slots=True, kw_only=True)
class CypherGrader(Grader):
    """Runs answers and gold answers on the graphs of their items."""

    metrics: ClassVar[tuple[str, ...]] = ("rows", "parses")
    """Whether all rows are gold's, and whether the answer is one reading Cypher query at all."""

    scripts: Mapping[str, Sequence[Sequence[str]]]
    """By item id: for each graph the statements that make it."""
    time_limit_s: float = 10.0
    """Seconds that one answer may compute on one graph."""
    _engine: GraphProcess = field(default_factory=GraphProcess, repr=False)
    _gold: dict[tuple[str, str, int], list[Row]] = field(default_factory=dict, repr=False)
    """Gold's rows by item, gold answer and graph: both arms are asked the same."""

    @classmethod
    def from_file(cls, path: Path, *, time_limit_s: float = 10.0) -> CypherGrader:
        """The grader for the items whose trials stand in this JSON Lines file."""
        with path.open(encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        return cls(scripts={row["id"]: row["scripts"] for row in rows}, time_limit_s=time_limit_s)

    def grade(self, item: Item, answer: str) -> Grade:
        """The verdicts on ``answer``.

        Raises:
            DependencyError: LadybugDB is not installed.
            ValueError: The item has no graphs, or its own answer does not run: not the answer's fault.
        """
        if not self.scripts.get(item.id):
            raise ValueError(f"no graphs for item {item.id!r}")
        problem = find_refusal(answer)
        if problem:
            return Grade(scores={"rows": False, "parses": False}, problem=problem)
        problem = self._find_row_problem(item, answer)
        parses = problem is None or not problem.startswith(_MALFORMED)
        return Grade(scores={"rows": problem is None, "parses": parses}, problem=problem)

    def is_empty(self, item: Item) -> bool:
        """Whether gold has no rows on any graph of the item."""
        return not any(self._read_gold(item, at, script) for at, script in enumerate(self.scripts[item.id], start=1))

    def _find_row_problem(self, item: Item, answer: str) -> str | None:
        ordered = is_ordered(item.answer)
        if is_same_query(item.answer, answer):
            self._read_gold(item, 1, self.scripts[item.id][0])
            return None
        for number, script in enumerate(self.scripts[item.id], start=1):
            expected = self._read_gold(item, number, script)
            try:
                rows = self._engine.run(script, answer, limit_s=self.time_limit_s)
            except QueryError as error:
                return f"graph {number}: {error}"
            if not same_rows(expected, rows, ordered=ordered):
                return f"graph {number}: expected {show_rows(expected)}, got {show_rows(rows)}"
        return None

    def _read_gold(self, item: Item, number: int, script: Sequence[str]) -> list[Row]:
        key = (item.id, item.answer, number)
        if key not in self._gold:
            try:
                self._gold[key] = self._engine.run(script, item.answer, limit_s=self.time_limit_s)
            except QueryError as error:
                raise ValueError(f"the gold answer of item {item.id!r} does not run: {error}") from error
        return self._gold[key]
