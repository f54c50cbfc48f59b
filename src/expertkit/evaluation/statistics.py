"""Honest numbers for paired yes-or-no outcomes."""

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
    """Exact two-sided McNemar p-value of two arms on the same items (McNemar 1947).

    Only items on which the arms differ count; under equal arms each side wins half of them.

    Raises:
        ValueError: the arms answered different numbers of items.
    """
    from scipy.stats import binomtest

    won = sum(b and not a for a, b in zip(first, second, strict=True))
    lost = sum(a and not b for a, b in zip(first, second, strict=True))
    return float(binomtest(won, won + lost).pvalue) if won + lost else 1.0
