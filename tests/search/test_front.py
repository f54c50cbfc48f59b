"""What no other trial beats, whatever trials there are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from expertkit.osd.settings import Score
from expertkit.search.front import distinct, front, fronts
from expertkit.search.trials import Trial
from tests.search.builders import make_trial

SCORES: tuple[Score, ...] = ("mag", "fro", "taylor")
TRIALS = st.lists(
    st.builds(
        make_trial, st.integers(1, 20), st.sampled_from([0.0, 0.1, 0.2, 0.5, 0.9]), score=st.sampled_from(SCORES),
        name=st.integers(1, 3),
    )
)  # fmt: skip


def beats(one: Trial, other: Trial) -> bool:
    """Whether one of the same score is nowhere worse, and somewhere better."""
    is_no_worse = one.size <= other.size and one.error <= other.error
    is_alike = one.point.settings.score == other.point.settings.score
    return is_alike and is_no_worse and (one.size, one.error) != (other.size, other.error)


@given(TRIALS)
def test_no_point_of_a_front_is_beaten(trials: list[Trial]) -> None:
    """By none of all trials of its score, on the front or not."""
    assert not [(one, other) for other in front(trials) for one in trials if beats(one, other)]


@given(TRIALS)
def test_whatever_is_left_out_is_beaten_or_matched(trials: list[Trial]) -> None:
    """By a point of the front itself."""
    found = front(trials)

    for left in trials:
        assert left in found or any(
            beats(one, left) or (one.size, one.error) == (left.size, left.error) for one in found
        )


@given(TRIALS)
def test_a_front_is_in_order_whatever_the_order_of_trials(trials: list[Trial]) -> None:
    """The fewest bytes first, and the same points from the same trials."""
    found = front(trials)

    assert [trial.size for trial in found] == sorted(trial.size for trial in found)
    assert found == front(trials[::-1])


def test_error_falls_along_the_front_of_a_score() -> None:
    """More bytes that save nothing are no point of it."""
    trials = [make_trial(30, 0.1), make_trial(10, 0.5), make_trial(20, 0.5), make_trial(25, 0.7), make_trial(30, 0.2)]

    assert [(trial.size, trial.error) for trial in front(trials)] == [(10, 0.5), (30, 0.1)]


def test_no_trials_have_no_front() -> None:
    """Where no file is as small as was wanted."""
    assert front([]) == []


def test_points_of_one_size_are_one_question() -> None:
    """The one of least error is asked; what is a percent less than that one is another question."""
    sizes = {1000: 0.5, 1005: 0.4, 1010: 0.3, 1011: 0.2, 2000: 0.1}

    found = distinct(front([make_trial(size, error) for size, error in sizes.items()]))

    assert [(trial.size, trial.error) for trial in found] == [(1000, 0.5), (1011, 0.2), (2000, 0.1)]


@given(TRIALS)
def test_what_is_asked_is_of_the_front_and_nothing_is_much_smaller(trials: list[Trial]) -> None:
    """Whatever is left out has one that is hardly larger and no worse."""
    for points in fronts(trials).values():
        found = distinct(points)

        assert [trial for trial in points if trial in found] == found
        for left in points:
            assert any(one.size <= left.size * 1.01 and one.error <= left.error for one in found)
