"""The fewest bytes that are as good, with few questions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expertkit.search.choice import Choice, choose
from expertkit.search.trials import Trial
from tests.search.builders import make_trial

FRONT = [make_trial(size, 1 / size) for size in range(1, 33)]


def choose_from(first_good: int, *, points: int = 12) -> Choice:
    """Of a front whose trials are right from some size on."""
    return choose(
        FRONT, lambda trial: 0.9 if trial.size >= first_good else 0.1, whole=0.9, tolerance=0.01, points=points
    )


@given(st.integers(1, 33), st.integers(1, 12))
def test_no_more_are_asked_than_is_allowed_and_none_twice(first_good: int, points: int) -> None:
    """Each costs minutes."""
    asked = [each.trial for each in choose_from(first_good, points=points).asked]

    assert len(asked) <= points
    assert len(set(asked)) == len(asked)


@given(st.lists(st.floats(0, 1), min_size=32, max_size=32), st.integers(1, 12))
def test_the_winner_was_asked_and_is_the_smallest_of_those_that_are_good(scores: list[float], points: int) -> None:
    """Also where scores go up and down along the front: what nobody asked is not chosen."""
    choice = choose(FRONT, lambda trial: scores[trial.size - 1], whole=0.9, tolerance=0.2, points=points)

    good = [each for each in choice.asked if each.is_good]
    assert all(scores[each.trial.size - 1] == each.score for each in choice.asked)
    assert choice.winner == min(good, key=lambda each: each.trial.size, default=None)


@pytest.mark.parametrize("first_good", [1, 2, 17, 32])
def test_six_questions_find_the_smallest_of_32(first_good: int) -> None:
    """Where scores only rise along the front."""
    winner = choose_from(first_good, points=6).winner

    assert winner is not None
    assert winner.trial.size == first_good


def test_there_is_no_winner_where_none_is_good() -> None:
    """Then the whole adapter is kept."""
    choice = choose_from(33)

    assert choice.winner is None
    assert choice.asked[-1].trial == FRONT[-1]


def test_an_empty_front_is_not_asked() -> None:
    """Where no file is as small as was wanted."""
    assert choose([], lambda _trial: 1.0, whole=1.0, tolerance=0.0, points=3) == Choice()


@pytest.mark.parametrize(("items", "right", "fewer"), [(50, 13, 1), (300, 297, 3), (300, 284, 6)])
def test_a_tolerance_is_met_by_the_items_that_it_says(items: int, right: int, fewer: int) -> None:
    """A share that is exactly so much lower is good, although shares are no exact numbers; one item less is not."""

    def is_good(trial: Trial) -> bool:
        answers = {1: right - fewer, 2: right - fewer - 1}[trial.size]
        found = choose([trial], lambda _trial: answers / items, whole=right / items, tolerance=fewer / items, points=1)
        return found.winner is not None

    assert is_good(make_trial(1, 0.5))
    assert not is_good(make_trial(2, 0.5))
