"""What decides whether an answer is right: a grader for each domain, and the verdicts they give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from expertkit.data.items import Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """What one answer scored."""

    scores: Mapping[str, bool]
    """A verdict for each metric of the grader."""
    problem: str | None = None
    """Why the answer is wrong, for a person; None where every metric holds."""


class Grader(Protocol):
    """Judges one answer to one item; never raises on an answer, however broken."""

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of the verdicts, the primary one first."""

    def grade(self, item: Item, answer: str) -> Grade:
        """The verdicts on ``answer``."""


def open_grader(name: str, data: Path) -> Grader:
    """The grader that a manifest names in ``evaluation.grader``, ready for the items of ``data``.

    Raises:
        KeyError: there is no such grader.
    """
    match name:
        case "sql":
            from expertkit.evaluation.graders.sql import SqlGrader

            return SqlGrader.from_file(data / "databases.jsonl")
        case "json":
            from expertkit.evaluation.graders.json_documents import JsonGrader

            return JsonGrader()
        case _:
            raise KeyError(name)
