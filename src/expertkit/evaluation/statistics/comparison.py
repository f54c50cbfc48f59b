"""Two arms on the same items: how far apart they are, how sure that is, and by which method."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

from expertkit.evaluation.statistics.bootstrap import bca_interval, bootstrap_p_value
from expertkit.evaluation.statistics.power import detectable_difference
from expertkit.evaluation.statistics.shares import mcnemar

Method = Literal["McNemar exact mid-p", "sign flips of groups"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How much better the second arm is than the first, per item."""

    value: float
    """Mean of the second minus mean of the first, -1 to 1 for shares."""
    interval: tuple[float, float]
    """95 % bootstrap interval (BCa), whole groups drawn."""
    p_value: float
    """Two-sided, of no difference."""
    method: Method
    """What gave the p-value."""
    detectable: float | None
    """The smallest true difference that would be found in 8 of 10 such samples; None for what is no share."""
    items: int
    groups: int


def compare(
    first: Sequence[float], second: Sequence[float], groups: Sequence[Hashable], *, alpha: float = 0.05, seed: int = 0
) -> Difference:
    """The difference between two arms, item by item.

    Args:
        first: scores of one arm, 0 or 1 for right answers.
        second: scores of the other, of the same items in the same order.
        groups: what each item shares with others, such as its schema.
        alpha: the level that power is reckoned for.
        seed: of the bootstrap.

    Raises:
        ValueError: there are no items, or not the same number in each.
    """
    apart = [float(b) - float(a) for a, b in zip(first, second, strict=True)]
    number = len(set(groups))
    is_share = {*first, *second} <= {0, 1}
    is_alone = number == len(groups)
    if is_share and is_alone:
        method: Method = "McNemar exact mid-p"
        p_value = mcnemar([bool(score) for score in first], [bool(score) for score in second])
    else:
        method, p_value = "sign flips of groups", bootstrap_p_value(apart, groups, seed=seed)
    differing = sum(each != 0 for each in apart) / len(apart) if apart else 0.0
    return Difference(
        value=sum(apart) / len(apart) if apart else 0.0,
        interval=bca_interval(apart, groups, seed=seed),
        p_value=p_value,
        method=method,
        detectable=detectable_difference(number, differing, alpha=alpha) if is_share else None,
        items=len(apart),
        groups=number,
    )
