"""Non-inferiority is tried on made-up arms whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from expertkit.evaluation.statistics import NonInferiority, non_inferiority

SIMULATIONS = 1000


def arms(
    rng: np.random.Generator, items: int, *, size: int, differing: float, worse: float
) -> tuple[list[bool], list[bool]]:
    """Two arms that differ on that share of items; the second is worse by ``worse``; half the groups go together."""
    number = items // size
    together = (rng.random(number) < 0.5).repeat(size)
    drawn = np.where(together, rng.random(number).repeat(size), rng.random(items))
    lost, won = drawn < (differing + worse) / 2, drawn > 1 - (differing - worse) / 2
    first = (lost | (rng.random(items) < 0.5)) & ~won
    return first.tolist(), ((first & ~lost) | won).tolist()


def decide(rng: np.random.Generator, items: int, *, size: int, differing: float, worse: float, margin: float) -> bool:
    """Whether one simulated comparison accepts the second arm."""
    first, second = arms(rng, items, size=size, differing=differing, worse=worse)
    return non_inferiority(first, second, [at // size for at in range(items)], margin=margin).is_proven


CASES = pytest.mark.parametrize(
    ("items", "size", "differing", "margin"),
    [(500, 1, 0.1, 0.03), (300, 1, 0.2, 0.05), (300, 6, 0.2, 0.08)],
    ids=["arms that hardly differ", "arms that differ", "items of one schema"],
)


@CASES
def test_a_loss_of_the_margin_is_accepted_as_seldom_as_was_said(
    items: int, size: int, differing: float, margin: float
) -> None:
    """At 5 %, in a thousand simulated comparisons at the margin: within the 99.9 % binomial interval of 50."""
    rng = np.random.default_rng(11)

    accepted = sum(
        decide(rng, items, size=size, differing=differing, worse=margin, margin=margin) for _ in range(SIMULATIONS)
    )

    assert binom.ppf(0.0005, SIMULATIONS, 0.05) <= accepted <= binom.ppf(0.9995, SIMULATIONS, 0.05)


@CASES
def test_an_equal_arm_is_accepted_as_often_as_was_planned(
    items: int, size: int, differing: float, margin: float
) -> None:
    """In 8 of 10 samples at the margin that the comparison says it can tell."""
    rng, groups = np.random.default_rng(12), [at // size for at in range(items)]
    seen = [
        non_inferiority(*arms(rng, items, size=size, differing=differing, worse=0), groups, margin=margin).detectable
        for _ in range(50)
    ]
    planned = float(np.median(seen))

    accepted = sum(
        decide(rng, items, size=size, differing=differing, worse=0, margin=planned) for _ in range(SIMULATIONS)
    )

    assert binom.ppf(0.0005, SIMULATIONS, 0.76) <= accepted <= binom.ppf(0.9995, SIMULATIONS, 0.87)


@pytest.mark.parametrize(("items", "is_proven"), [(500, True), (135, True), (130, False), (10, False)])
def test_no_difference_among_few_items_proves_little(items: int, *, is_proven: bool) -> None:
    """Where no item differs the end is that of a share of which nothing was seen: z^2 / (n + z^2)."""
    found = non_inferiority([True] * items, [True] * items, range(items), margin=0.02)

    assert found.low == pytest.approx(-2.705543 / (items + 2.705543), rel=1e-5)
    assert (found.is_proven, found.is_underpowered) == (is_proven, not is_proven)


def test_items_of_one_schema_do_not_count_as_many_witnesses() -> None:
    """Equal arms on 20 schemas are 20 witnesses, as nothing tells that their items differ."""
    found = non_inferiority([True] * 120, [True] * 120, [at // 6 for at in range(120)], margin=0.02)

    assert found.low == pytest.approx(-2.705543 / 22.705543, rel=1e-5)
    assert (found.items, found.groups) == (120, 20)


def test_the_statistic_at_the_low_end_is_the_quantile() -> None:
    """12 lost and 5 won of 200: the end put back into the score statistic (Tango 1998) gives 1.645."""
    second = [False] * 12 + [True] * 188
    first = [True] * 12 + [False] * 5 + [True] * 183

    low = non_inferiority(first, second, range(200), margin=0.1).low

    b, c = -(5 + 12) + (2 * 200 - 5 + 12) * low, -12 * low * (1 - low)
    share = (np.sqrt(b * b - 8 * 200 * c) - b) / (4 * 200)
    assert (5 - 12 - 200 * low) / np.sqrt(200 * (2 * share + low * (1 - low))) == pytest.approx(1.644854, rel=1e-4)


def test_the_extremes_have_an_end() -> None:
    """Everything lost, everything won, one item."""
    everything = non_inferiority([True] * 9, [False] * 9, range(9), margin=0.5)

    assert (everything.difference, everything.low, everything.is_proven) == (-1.0, -1.0, False)
    assert non_inferiority([False] * 9, [True] * 9, range(9), margin=0.5).low > 0
    assert isinstance(non_inferiority([True], [True], "a", margin=0.5), NonInferiority)


@pytest.mark.parametrize(("items", "groups"), [(0, 0), (2, 1)])
def test_no_items_are_no_comparison(items: int, groups: int) -> None:
    """Nothing follows from nothing."""
    with pytest.raises(ValueError, match="expected a group"):
        non_inferiority([True] * items, [True] * items, range(groups), margin=0.1)
