"""What decides whether an answer is right: a grader for each domain, and the verdicts they give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from expertkit import layout
from expertkit.data.items import Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """What one answer scored."""

    scores: Mapping[str, bool]
    """A verdict for each metric of the grader."""
    problem: str | None = None
    """Why the answer is wrong, for a person; None where every metric holds."""


class Grader(Protocol):
    """Judges answers to items; never raises on an answer, however broken."""

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of the verdicts, the primary one first."""

    def grade(self, item: Item, answer: str) -> Grade:
        """The verdicts on ``answer``."""

    def grade_all(self, items: Sequence[Item], answers: Sequence[str]) -> list[Grade]:
        """The verdicts on as many answers as items, in their order; one by one where nothing is gained by more."""
        return [self.grade(item, answer) for item, answer in zip(items, answers, strict=True)]


def open_grader(name: str, data: Path) -> Grader:
    """The grader that a manifest names in ``evaluation.grader``, ready for the items of ``data``.

    Raises:
        KeyError: there is no such grader.
        DependencyError: it needs a program that is not installed.
    """
    match name:
        case "sql":
            from expertkit.evaluation.graders.sql import SqlGrader

            return SqlGrader.from_file(data / layout.TRIALS)
        case "json":
            from expertkit.evaluation.graders.json_documents import JsonGrader

            return JsonGrader()
        case "cypher":
            from expertkit.evaluation.graders.cypher import CypherGrader

            return CypherGrader.from_file(data / layout.TRIALS)
        case "typescript":
            from expertkit.evaluation.graders.typescript import TypeScriptGrader

            return TypeScriptGrader.from_file(data / layout.TRIALS)
        case "exact":
            from expertkit.evaluation.graders.exact import ExactGrader

            return ExactGrader()
        case _:
            raise KeyError(name)
