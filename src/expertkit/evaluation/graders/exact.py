"""Grading by comparison: an answer is right if it is gold's text, however it is spaced.

For data of one's own whose answers have one right wording: labels, names, short texts, code in one style.
"""

from __future__ import annotations

import unicodedata
from typing import ClassVar

from expertkit.data.items import Item
from expertkit.evaluation.graders import Grade, Grader

_SHOWN = 200  # characters of a text in a message


class ExactGrader(Grader):
    """Compares answers with gold answers as texts."""

    metrics: ClassVar[tuple[str, ...]] = ("equal", "equal_but_case")
    """Whether the words are gold's (NFKC, any spacing); and whether they are when case does not count either."""

    def grade(self, item: Item, answer: str) -> Grade:
        """The verdicts on ``answer``."""
        gold, got = _spaced(item.answer), _spaced(answer)
        scores = {"equal": gold == got, "equal_but_case": gold.casefold() == got.casefold()}
        problem = None if scores["equal"] else f"wrong text: expected {_show(gold)}, got {_show(got)}"
        return Grade(scores=scores, problem=problem)


def _spaced(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split())


def _show(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]} ...")
