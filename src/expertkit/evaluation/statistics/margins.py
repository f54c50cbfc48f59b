"""Whether a new arm is hardly worse than an old one: no difference found is no such proof, an interval is."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

_Z, _Z_POWER = NormalDist().inv_cdf(0.95), NormalDist().inv_cdf(0.8)
_NEAR = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class NonInferiority:
    """How much worse the new arm may be than the old one, on the same items."""

    difference: float
    """Share of right answers of the new arm minus that of the old one, -1 to 1."""
    low: float
    """Lower end of its one-sided 95 % interval."""
    margin: float
    """What may be lost, above 0 and at most 1."""
    detectable: float
    """The smallest margin at which an arm that is as good as the old one is accepted in 8 of 10 such samples."""
    items: int
    groups: int

    @property
    def is_proven(self) -> bool:
        """Whether the new arm is worse by at most the margin, with 95 % confidence."""
        return self.low >= -self.margin

    @property
    def is_underpowered(self) -> bool:
        """Whether so few items would often refuse an arm that is as good as the old one."""
        return self.detectable > self.margin


def non_inferiority(
    old: Sequence[bool], new: Sequence[bool], groups: Sequence[Hashable], *, margin: float
) -> NonInferiority:
    """The new arm against the old one, item by item.

    The interval is the score interval of paired shares (Tango 1998, Statistics in Medicine 17): where the arms hardly
    ever differ, resampling would see no spread at all. Items of one group count for as many
    independent ones as have the same variance of the mean (the design effect, Kish 1965).

    Args:
        old: whether each answer of the old arm is right.
        new: the same of the new arm, of the same items in the same order.
        groups: what each item shares with others.
        margin: what may be lost, above 0 and at most 1.

    Raises:
        ValueError: there are no items, or not the same number in each.
    """
    apart = np.array([int(b) - int(a) for a, b in zip(old, new, strict=True)], dtype=np.float64)
    if not len(apart) or len(apart) != len(groups):
        raise ValueError(f"expected a group for each of at least one item, got {len(groups)} for {len(apart)}")
    witnesses = _effective_items(apart, groups)
    won, lost = (float((apart == side).mean()) for side in (1, -1))
    return NonInferiority(
        difference=won - lost,
        low=_tango_low(won, lost, witnesses),
        margin=margin,
        detectable=_acceptable_margin(won + lost, witnesses),
        items=len(apart),
        groups=len(set(groups)),
    )


def _effective_items(apart: NDArray[np.float64], groups: Sequence[Hashable]) -> float:
    """How many independent items say as much; where nothing varies, as if all of a group were one."""
    numbers = {group: at for at, group in enumerate(dict.fromkeys(groups))}
    index = np.array([numbers[group] for group in groups])
    sizes = np.bincount(index).astype(np.float64)
    number, items = len(sizes), len(apart)
    alone = float(((apart - apart.mean()) ** 2).sum()) * items / max(items - 1, 1)
    if alone == 0 or number == 1:
        return items**2 / float((sizes**2).sum())
    sums = np.bincount(index, weights=apart)
    together = float(((sums - sizes * apart.mean()) ** 2).sum()) * number / (number - 1)
    return items / max(1.0, together / alone)


def _tango_low(won: float, lost: float, items: float) -> float:
    """The difference at which the score statistic is the quantile: what is below it is refuted."""
    from scipy.optimize import brentq

    difference = won - lost

    def beyond(candidate: float) -> float:
        spread = _null_variance(won, lost, candidate)
        return (difference - candidate) * math.sqrt(items) - _Z * math.sqrt(spread)

    return -1.0 if beyond(-1.0) <= 0 else float(brentq(beyond, -1.0, difference - _NEAR))


def _null_variance(won: float, lost: float, difference: float) -> float:
    """Variance of one item's difference at its most likely shares, if ``difference`` were the true one (Tango)."""
    b = -won - lost + (2 - won + lost) * difference
    c = -lost * difference * (1 - difference)
    share = (math.sqrt(max(b * b - 8 * c, 0.0)) - b) / 4
    return max(2 * share + difference * (1 - difference), 0.0)


def _acceptable_margin(differing: float, items: float) -> float:
    """The margin that equal arms, which differ on that share of items, keep in 8 of 10 samples (Nam 1997)."""
    from scipy.optimize import brentq

    def beyond(margin: float) -> float:
        spread = _null_variance(differing / 2, differing / 2, -margin)
        return margin * math.sqrt(items) - _Z * math.sqrt(spread) - _Z_POWER * math.sqrt(differing)

    return 1.0 if beyond(1.0) <= 0 else float(brentq(beyond, _NEAR, 1.0))
