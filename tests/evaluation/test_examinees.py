"""Which packages can be asked the same, and what everybody is asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from expertkit.data.domain import domain
from expertkit.errors import CompatibilityError, ExpertError
from expertkit.evaluation import fresh
from expertkit.evaluation.examinees import Examinee, _without_generator, open_examinees
from expertkit.evaluation.fresh import draw_questions
from expertkit.evaluation.statistics.samples import Share
from expertkit.fields import read_sound
from tests.packages.builders import RECIPE, make_project, other_base, pack


@pytest.fixture
def examinee(tmp_path: Path) -> Examinee:
    """A package that can be asked."""
    (found,) = open_examinees([pack(make_project(tmp_path / "mini"))])
    return found


def test_what_decides_how_it_is_asked_is_read_from_the_package(examinee: Examinee) -> None:
    """Its own recipe and evaluation, not those of the project it lies in."""
    assert examinee.asked.data.domain == RECIPE.data.domain
    assert examinee.asked.evaluate.max_new_tokens == RECIPE.evaluate.max_new_tokens
    assert (examinee.version, examinee.shots) == (RECIPE.version, 0)
    assert examinee.recorded == Share(right=9, items=10)


def test_packages_of_others_are_told_at_once(tmp_path: Path) -> None:
    """Another base and another domain, in one error."""
    first = pack(make_project(tmp_path / "first"))
    base = pack(make_project(tmp_path / "base", recipe=other_base()), other_base())
    json = replace(
        RECIPE, data=replace(RECIPE.data, domain="json"), evaluate=replace(RECIPE.evaluate, grader="json")
    )  # fmt: skip
    other = pack(make_project(tmp_path / "json", recipe=json), json)

    with pytest.raises(CompatibilityError) as wrong:
        open_examinees([first, base, first, other])

    about_base, about_domain = wrong.value.lines
    assert "got expert-mini for other" in about_base
    assert "expected expert-mini for nano" in about_domain
    assert "questions of json, graded as json" in about_domain


def test_an_expert_of_a_data_set_is_told(examinee: Examinee) -> None:
    """Where no generator is named, there is nothing to draw from."""
    without = replace(examinee, asked=replace(examinee.asked, data=replace(examinee.asked.data, domain=None)))

    (line,) = _without_generator([examinee, without])

    assert "expected a generator of fresh questions, got an expert of a data set" in line


def test_recipes_of_other_times_can_be_read(examinee: Examinee) -> None:
    """Keys that are not there yet, or any more, do not matter; what is needed has to be right."""
    said = {"prompt_template": "chatml", "data": {"seed": 1, "train": 5, "more": 1}, "evaluate": {"grader": "sql"}}
    complete = {**said, "evaluate": {"grader": "sql", "max_new_tokens": 4, "batch_size": 2, "threads": 1, "new": None}}

    assert read_sound(type(examinee.asked), complete, "recipe.json").data.domain is None
    with pytest.raises(ExpertError, match="/evaluate/batch_size"):
        read_sound(type(examinee.asked), said, "recipe.json")


def test_fresh_questions_that_nobody_can_be_judged_by_are_left_out(
    examinee: Examinee, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in an evaluation; where none is left, there is nothing to ask."""
    whole = draw_questions(examinee, seed=1, count=4)
    monkeypatch.setattr(fresh, "find_ambiguous", lambda items, _grader: {items[1].id: "it has two answers"})
    fair = draw_questions(examinee, seed=1, count=4)
    monkeypatch.setattr(fresh, "find_ambiguous", lambda items, _grader: {item.id: "two answers" for item in items})

    assert (fair.items, fair.ambiguous) == ((whole.items[0], *whole.items[2:]), 1)
    with pytest.raises(ExpertError, match="expected some that can be judged, got none: two answers"):
        draw_questions(examinee, seed=1, count=4)


def test_the_questions_of_a_seed_are_the_same_and_no_others(examinee: Examinee) -> None:
    """Of the part test, each with what it is run on; the base is shown the first examples of the training."""
    shown = replace(examinee, shots=2)

    first, again, other = (draw_questions(shown, seed=seed, count=12) for seed in (20260131, 20260131, 20260201))

    source = domain("sql")
    trained = {item.question for item in source.generate("train", count=200, seed=RECIPE.data.seed)}
    assert first.items == again.items
    assert {item.question for item in first.items}.isdisjoint(trained | {item.question for item in other.items})
    assert all(first.grader.grade(item, item.answer).scores["rows"] for item in first.items)
    assert len({item.form for item in first.examples}) == 2
    assert first.examples == other.examples


def test_more_questions_than_there_are_is_an_error(examinee: Examinee, monkeypatch: pytest.MonkeyPatch) -> None:
    """The generator's own word for it."""

    def generate(part: str, *, count: int, seed: int) -> None:
        raise ValueError(f"no {count} of {part} with seed {seed}")

    monkeypatch.setattr(domain("sql"), "generate", generate)

    with pytest.raises(ExpertError, match="expected 9, got fewer: no 9 of test with seed 3"):
        draw_questions(examinee, seed=3, count=9)
