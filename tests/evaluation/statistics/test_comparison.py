"""The statistics are tried on made-up arms whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from expertkit.evaluation.statistics import bca_interval, compare, detectable_difference, holm
from expertkit.evaluation.statistics.bootstrap import bootstrap_p_value

SIMULATIONS = 1000
ALONE = list(range(120))
GROUPS = [at // 6 for at in ALONE]


def arms(rng: np.random.Generator, *, better: float = 0.0, is_grouped: bool = False) -> tuple[list[int], list[int]]:
    """Two arms of 120 answers; the second has that much more of a chance to be right."""
    level = rng.normal(size=20).repeat(6) if is_grouped else rng.normal(size=120)
    shift = rng.normal(size=20).repeat(6) if is_grouped else np.zeros(120)
    chance = 1 / (1 + np.exp(-level))
    second = 1 / (1 + np.exp(-(level + shift)))
    first_right = rng.random(120) < chance
    second_right = rng.random(120) < np.minimum(second + better, 1)
    return [int(right) for right in first_right], [int(right) for right in second_right]


@pytest.mark.parametrize("is_grouped", [False, True], ids=["independent items", "items of one schema"])
def test_equal_arms_are_told_apart_as_often_as_was_said(*, is_grouped: bool) -> None:
    """At 5 %, in a thousand simulated comparisons: within the 99.9 % binomial interval of 50."""
    rng = np.random.default_rng(7)
    groups = GROUPS if is_grouped else ALONE

    found = sum(
        compare(*arms(rng, is_grouped=is_grouped), groups, seed=number).p_value <= 0.05 for number in range(SIMULATIONS)
    )

    assert binom.ppf(0.0005, SIMULATIONS, 0.05) <= found <= binom.ppf(0.9995, SIMULATIONS, 0.05)


def test_a_planted_difference_is_found_as_often_as_was_planned() -> None:
    """In at least 7.5 of 10 samples at the detectable difference, and rarely at a tenth of it."""
    rng = np.random.default_rng(8)
    differing = np.mean([np.mean(np.not_equal(*arms(rng))) for _ in range(200)])
    planned = detectable_difference(120, float(differing))

    powers = [
        np.mean([compare(*arms(rng, better=better), ALONE).p_value <= 0.05 for _ in range(200)])
        for better in (1.15 * planned, 0.1 * planned)
    ]

    assert powers[0] >= 0.7
    assert powers[1] <= 0.15


def test_items_of_one_schema_do_not_count_as_many_witnesses() -> None:
    """The same answers say less when they come in groups."""
    first, second = [0] * 120, [int(at % 6 == 0 or at // 6 < 5) for at in ALONE]

    alone, grouped = compare(first, second, ALONE), compare(first, second, GROUPS)

    assert (alone.value, alone.method) == (grouped.value, "McNemar exact mid-p")
    assert grouped.method == "sign flips of groups"
    assert (alone.groups, grouped.groups) == (120, 20)
    assert grouped.interval[1] - grouped.interval[0] > alone.interval[1] - alone.interval[0]
    assert alone.detectable is not None
    assert grouped.detectable is not None
    assert grouped.detectable > alone.detectable


@pytest.mark.parametrize("is_grouped", [False, True])
def test_intervals_hold_the_truth_as_often_as_was_said(*, is_grouped: bool) -> None:
    """A mean of a skewed quantity, 95 % intervals: in 300 samples within the 99.9 % binomial interval, from below."""
    rng = np.random.default_rng(9)
    held = 0
    for number in range(300):
        spread = rng.exponential(size=20).repeat(6) if is_grouped else rng.exponential(size=120)
        low, high = bca_interval(list(spread), GROUPS if is_grouped else ALONE, seed=number)
        held += low <= 1.0 <= high

    assert held >= binom.ppf(0.0005, 300, 0.90)


def test_scipys_bootstrap_agrees() -> None:
    """The same method on independent items, to the noise of the draws."""
    from scipy.stats import bootstrap

    values = np.random.default_rng(3).exponential(size=80)
    theirs = bootstrap((values,), np.mean, n_resamples=4000, method="BCa", random_state=1).confidence_interval

    assert bca_interval(list(values), list(range(80))) == pytest.approx((theirs.low, theirs.high), rel=0.03)


def test_what_cannot_vary_has_an_interval_of_nothing() -> None:
    """Equal arms everywhere, or one better by the same everywhere."""
    assert bca_interval([0.0] * 5, range(5)) == (0.0, 0.0)
    assert bca_interval([0.25] * 5, [0, 0, 1, 1, 2]) == (0.25, 0.25)


def test_scores_that_are_no_shares_are_compared_too() -> None:
    """By the signs of their differences; what could be found is told for shares alone."""
    rng = np.random.default_rng(4)
    first = rng.random(60)
    found = compare(list(first), list(first + 0.2), range(60))

    assert found.value == pytest.approx(0.2)
    assert (found.method, found.detectable) == ("sign flips of groups", None)
    assert found.p_value == pytest.approx(1 / 4001)


def test_a_p_value_is_never_zero() -> None:
    """What was seen is one of the possible draws."""
    assert 0 < bootstrap_p_value([1.0] * 200, range(200)) <= 1 / 4000
    assert bootstrap_p_value([1.0, -1.0], range(2)) == 1.0


@pytest.mark.parametrize(("values", "groups"), [([], []), ([1.0], [])])
def test_no_items_are_no_comparison(values: list[float], groups: list[int]) -> None:
    """Nothing follows from nothing."""
    with pytest.raises(ValueError, match="expected a group"):
        bca_interval(values, groups)


def test_holm_adjusts_a_family() -> None:
    """The example of Holm (1979): each times those not smaller, never below the one before."""
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005}) == pytest.approx(
        {"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02}
    )
    assert holm({"a": 0.9, "b": 0.8}) == {"a": 1.0, "b": 1.0}
    assert holm({}) == {}


@pytest.mark.parametrize(("items", "differing", "least"), [(1000, 0.1, 0.028), (500, 0.2, 0.056), (100, 0.3, 0.152)])
def test_the_detectable_difference_is_that_of_connor(items: int, differing: float, least: float) -> None:
    """Put back into the formula it gives the number of items again."""
    found = detectable_difference(items, differing)

    needed = (1.959964 * differing**0.5 + 0.841621 * (differing - found**2) ** 0.5) ** 2 / found**2
    assert needed == pytest.approx(items, rel=1e-4)
    assert found == pytest.approx(least, abs=2e-3)


def test_few_items_see_nothing_small() -> None:
    """With ten of them no difference below the share that differs can be told; with none, none at all."""
    assert detectable_difference(10, 0.1) == 0.1
    assert detectable_difference(0, 0.5) == 1.0
