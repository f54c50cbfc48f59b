"""Intervals and p-values against published values."""

from __future__ import annotations

import pytest

from expertkit.evaluation.statistics.shares import mcnemar, wilson_interval


@pytest.mark.parametrize(
    ("right", "items", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634), (81, 263, 0.2553, 0.3662)],
    ids=["none", "all", "half", "Newcombe 1998, table I"],
)
def test_wilson_interval_matches_published_values(right: int, items: int, low: float, high: float) -> None:
    """The interval of Wilson (1927), to four digits."""
    assert wilson_interval(right, items) == pytest.approx((low, high), abs=5e-5)


def test_no_items_tell_nothing() -> None:
    """The interval of an empty sample is all of it."""
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_mcnemar_counts_only_items_on_which_the_arms_differ() -> None:
    """Nine won and one lost: the two-sided binomial probability 22/1024 less half of what was seen on both sides."""
    first = [False] * 9 + [True] + [True] * 50 + [False] * 7
    second = [True] * 9 + [False] + [True] * 50 + [False] * 7

    assert mcnemar(first, second) == pytest.approx((22 - 10) / 1024)


def test_equal_arms_have_no_p_value_below_one() -> None:
    """Arms that agree on every item cannot be told apart."""
    assert mcnemar([True, False], [True, False]) == 1.0


def test_arms_of_different_length_are_refused() -> None:
    """A paired test needs pairs."""
    with pytest.raises(ValueError, match="shorter"):
        mcnemar([True, False], [True])
