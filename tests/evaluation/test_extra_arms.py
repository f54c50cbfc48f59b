"""The other ways of asking an expert have figures of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from expertkit.data.items import Item
from expertkit.data.templates import TEMPLATES
from expertkit.evaluation.arm import Arm
from expertkit.evaluation.exam import Exam, count_questions
from expertkit.evaluation.extra_arms import ExtraArms, summarize_extra, take_extra_arms
from expertkit.evaluation.graders import Grade
from expertkit.recipes.recipe import SamplesConfig
from expertkit.runtime.loading import load_base
from tests.experts.gbnf import is_sentence
from tests.packages.builders import RECIPE, put

ITEMS = tuple(
    Item(id=str(at), form="f", group=str(at), question=f"list {at}", context="", answer="x") for at in range(3)
)
GRAMMAR = 'root ::= "SELECT " [a-c]'
SAMPLES = SamplesConfig(count=2, temperature=1.5, top_p=1.0, seed=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _SentenceGrader:
    """Right is what the grammar holds."""

    metrics: tuple[str, ...] = ("sentence",)

    def grade_all(self, _items: Sequence[Item], answers: Sequence[str]) -> list[Grade]:
        """Whether each is a sentence."""
        return [grade(is_right=is_sentence(GRAMMAR, answer)) for answer in answers]


def grade(*, is_right: bool) -> Grade:
    """A grade by the one metric."""
    return Grade(scores={"sentence": is_right}, problem=None)


def arm(right: str) -> Arm:
    """An arm whose answers are right (``+``) or wrong (``-``)."""
    return Arm(items=ITEMS, answers=("",) * 3, grades=tuple(grade(is_right=each == "+") for each in right))


def test_figures_are_those_of_the_arms() -> None:
    """The mean over all answers, the share of items that one answer is right to, and the difference of grammar."""
    extra = ExtraArms(samples=(arm("+--"), arm("++-")), constrained=arm("+++"))

    found = summarize_extra(extra, arm("+--"), "sentence")

    assert found["samples"]["count"] == 2
    assert found["samples"]["mean_score"] == pytest.approx(0.5)
    assert found["samples"]["any_score"] == pytest.approx(2 / 3)
    low, high = found["samples"]["interval"]
    assert low < 2 / 3 < high
    assert found["constrained"] == {"score": 1.0, "difference": pytest.approx(2 / 3)}


def test_nothing_is_told_that_was_not_asked() -> None:
    """The report of a recipe without them has no such words."""
    assert summarize_extra(ExtraArms(), arm("+++"), "sentence") == {}


def test_an_expert_is_asked_as_often_as_the_recipe_says(nano_base: Path, tmp_path: Path) -> None:
    """Held to the grammar every answer is a sentence; drawn ones differ; progress knows how many are to come."""
    put(tmp_path / "experts/expert-mini/grammar.gbnf", GRAMMAR.encode())
    put(tmp_path / "data.json", {"counts": {"dev": 4, "test": len(ITEMS), "unseen": 1}})
    model, tokenizer = load_base(nano_base)
    exam = Exam(items={"test": ITEMS}, examples=(), grader=_SentenceGrader(), template=TEMPLATES["chatml"])
    recipe = replace(RECIPE, evaluate=replace(RECIPE.evaluate, samples=SAMPLES, constrained=True))
    told: list[int] = []

    extra = take_extra_arms(exam, model, tokenizer, recipe, project=tmp_path, answered=told.append)

    assert extra.constrained is not None
    assert extra.constrained.score("sentence") == 1
    assert [len(each.answers) for each in extra.samples] == [3, 3]
    assert extra.samples[0].answers != extra.samples[1].answers
    more = count_questions(tmp_path, recipe.evaluate) - count_questions(tmp_path, RECIPE.evaluate)
    assert sum(told) == more == 9
