"""Texts are compared by their words, however they are spaced."""

from __future__ import annotations

from pathlib import Path

import pytest

from expertkit.data.items import Item
from expertkit.evaluation.graders import open_grader

ITEM = Item(id="test-0", form="all", group="g", question="q", context="", answer="In  hall 7")


@pytest.mark.parametrize(
    ("answer", "equal", "but_case"),
    [
        ("In hall 7", True, True),
        (" In\thall\n7 ", True, True),
        ("In hall \uff17", True, True),
        ("in hall 7", False, True),
        ("In hall 8", False, False),
        ("", False, False),
    ],
)
def test_words_count_and_spaces_do_not(tmp_path: Path, answer: str, *, equal: bool, but_case: bool) -> None:
    """The primary metric keeps case; what is wrong is told."""
    grade = open_grader("exact", tmp_path).grade(ITEM, answer)

    assert (grade.scores["equal"], grade.scores["equal_but_case"]) == (equal, but_case)
    assert (grade.problem is None) is equal


def test_a_long_answer_is_shown_shortened(tmp_path: Path) -> None:
    """For a person, who reads the report."""
    grade = open_grader("exact", tmp_path).grade(ITEM, "word " * 1000)

    assert grade.problem
    assert len(grade.problem) < 300
