"""The fewest bytes that are as good, with few questions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expertkit.search.choice import Asked, Choice, choose, judge
from expertkit.search.trials import Trial
from tests.search.builders import make_trial

FRONT = [make_trial(size, 1 / size) for size in range(1, 33)]


def choose_from(first_good: int, *, points: int = 12) -> Choice:
    """Of a front whose trials are right from some size on."""
    return choose([FRONT], lambda trial: asked(trial, 0.9 if trial.size >= first_good else 0.1), points=points)


def asked(trial: Trial, score: float) -> Asked:
    """What came of a trial that is as good from 0.7 on."""
    return Asked(trial=trial, score=score, low=score, agreement=1.0, is_good=score >= 0.7)


@given(st.integers(1, 33), st.integers(1, 12))
def test_no_more_are_asked_than_is_allowed_and_none_twice(first_good: int, points: int) -> None:
    """Each costs minutes."""
    trials = [each.trial for each in choose_from(first_good, points=points).asked]

    assert len(trials) <= points
    assert len(set(trials)) == len(trials)


@given(st.lists(st.floats(0, 1), min_size=32, max_size=32), st.integers(1, 12))
def test_the_winner_was_asked_and_is_the_smallest_of_those_that_are_good(scores: list[float], points: int) -> None:
    """Also where scores go up and down along the front: what nobody asked is not chosen."""
    choice = choose([FRONT], lambda trial: asked(trial, scores[trial.size - 1]), points=points)

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
    for fronts in ([], [[], []]):
        assert choose(fronts, lambda trial: asked(trial, 1.0), points=3) == Choice()


def test_a_front_that_is_good_late_hides_no_other_that_is_good_early() -> None:
    """Of eight sizes each: asked by size alone, those in the middle would lead away from the smallest good one."""
    early = [make_trial(size, 1 / size, score="fisher") for size in range(100, 180, 10)]
    late = [make_trial(size, 1 / size, score="mag") for size in range(105, 905, 100)]

    def ask(trial: Trial) -> Asked:
        return asked(trial, 0.9 if trial in early or trial.size > 800 else 0.1)

    choice = choose([late, early], ask, points=6)

    assert choice.winner is not None
    assert choice.winner.trial == early[0]


@given(st.lists(st.integers(1, 33), min_size=1, max_size=4))
def test_the_smallest_good_one_of_all_fronts_is_found(first_good: list[int]) -> None:
    """With six questions for each, where scores only rise along every front."""
    count = len(first_good)
    fronts = [[make_trial(4 * each.size + at, each.error, name=at + 1) for each in FRONT] for at in range(count)]
    limits = {trial: 4 * first_good[at] for at, front in enumerate(fronts) for trial in front}

    choice = choose(fronts, lambda trial: asked(trial, float(trial.size >= limits[trial])), points=6 * len(fronts))

    good = [trial.size for trial, limit in limits.items() if trial.size >= limit]
    assert (choice.winner.trial.size if choice.winner else None) == min(good, default=None)


@pytest.mark.parametrize(
    ("won", "lost", "is_good"),
    [(0, 0, True), (0, 1, True), (0, 3, False), (3, 3, True), (8, 8, False), (6, 1, True), (9, 0, True)],
)
def test_what_is_lost_is_at_most_the_tolerance_for_sure(won: int, lost: int, is_good: bool) -> None:  # noqa: FBT001
    """Of 300 items 2 %: three lost ones are a percent, which might as well be three."""
    whole = [at >= won for at in range(300)]
    right = [at < 300 - lost for at in range(300)]

    found = judge(FRONT[0], whole=whole, right=right, groups=range(300), tolerance=0.02, needed=0.9)

    assert found.is_good is is_good
    assert found.score == pytest.approx((300 - lost) / 300)
    assert found.low < found.score
    assert found.agreement == pytest.approx((300 - won - lost) / 300)
    assert is_good == (found.low >= (300 - won) / 300 - 0.02)


@pytest.mark.parametrize(("whole_right", "is_good"), [(295, True), (276, False), (269, True)])
def test_what_the_gate_will_ask_for_is_not_given_away(whole_right: int, is_good: bool) -> None:  # noqa: FBT001
    """Of 300 items 270 have to be right: 272 are too few, as some may be luck, unless there were too few before."""
    whole = [at < whole_right for at in range(300)]
    right = [at < whole_right - 4 for at in range(300)]

    found = judge(FRONT[0], whole=whole, right=right, groups=range(300), tolerance=0.05, needed=0.9)

    assert found.is_good is is_good


def test_nothing_is_needed_of_what_was_right_nowhere() -> None:
    """No share is below 0, whatever luck may have been."""
    wrong = [False] * 10

    found = judge(FRONT[0], whole=wrong, right=wrong, groups=range(10), tolerance=1.0, needed=0.0)

    assert (found.score, found.low, found.is_good) == (0, 0, True)


def test_a_few_items_prove_nothing() -> None:
    """Though no answer differs; whoever has so few says how much he would lose."""
    same = [True] * 50

    assert not judge(FRONT[0], whole=same, right=same, groups=range(50), tolerance=0.02, needed=0.9).is_good
    assert judge(FRONT[0], whole=same, right=same, groups=range(50), tolerance=0.06, needed=0.9).is_good
