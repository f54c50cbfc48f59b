"""Shares of right answers, alone and of two arms on the same items."""

from __future__ import annotations

from collections.abc import Sequence


def wilson_interval(right: int, items: int) -> tuple[float, float]:
    """95 % Wilson score interval of a share (Wilson 1927); ``(0, 1)`` when there are no items."""
    from scipy.stats import binomtest

    if items == 0:
        return 0.0, 1.0
    interval = binomtest(right, items).proportion_ci(confidence_level=0.95, method="wilson")
    return float(interval.low), float(interval.high)


def mcnemar(first: Sequence[bool], second: Sequence[bool]) -> float:
    """Two-sided mid-p value of McNemar's exact test for two arms on the same items.

    Only items on which the arms differ count; under equal arms each side wins half of them. The mid-p value counts
    what was seen by half: the exact test is conservative where few items differ (Fagerland, Lydersen and Laake 2013,
    doi:10.1186/1471-2288-13-91).

    Raises:
        ValueError: the arms answered different numbers of items.
    """
    from scipy.stats import binom, binomtest

    won = sum(b and not a for a, b in zip(first, second, strict=True))
    lost = sum(a and not b for a, b in zip(first, second, strict=True))
    if won == lost:
        return 1.0
    return float(binomtest(won, won + lost).pvalue - binom.pmf(won, won + lost, 0.5))
