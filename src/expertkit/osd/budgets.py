"""An argument, such as a density or a step, at which a file has as many bytes as there are: the file is measured."""

from __future__ import annotations

import math
from collections.abc import Callable

from expertkit.errors import PackagingError

_ROUNDS = 24
"""Of a search for a size: until nothing more is to be had."""
_CLOSE, _AIM = 0.998, 0.999
"""Of the budget: a file of the first share is not made any larger, one of the second is aimed at."""
_NARROW = 1e-4
"""As a share of an argument: nothing between two so close is looked for, as sizes have steps."""


def largest_within(
    size_at: Callable[[float], int], low: float, high: float, *, budget: int, near: tuple[float, float] | None = None
) -> float:
    """The largest argument between two at which a file has at most ``budget`` bytes.

    Args:
        size_at: bytes of the file at an argument; the larger it is, the larger the file, by and large.
        low: the least argument.
        high: the largest one.
        budget: bytes.
        near: arguments between which it probably is.

    Raises:
        PackagingError: the file of the least one is too large; says how large it is.
    """
    left, right = near or (low, high)
    smallest, largest = size_at(left), size_at(right)
    if near and not smallest <= budget < largest:
        return largest_within(size_at, low, high, budget=budget)
    if smallest > budget:
        hint = f"allow more than {smallest} bytes, or as many bits for each number: so small a file holds nothing"
        raise PackagingError(f"expected a budget of at least {smallest} bytes, got {budget}", hint=hint)
    if largest <= budget:
        return right
    return _crossing(size_at, (left, smallest), (right, largest), budget=budget)


def _crossing(
    size_at: Callable[[float], int], left: tuple[float, int], right: tuple[float, int], *, budget: int
) -> float:
    """The largest argument found at which a size is at most the budget, where it is so on the left, not on the right.

    The method of false position on the logarithm of the size, with the change of Illinois: where one end is kept twice,
    its distance from what is aimed at counts half.
    """
    (low, smallest), (high, largest) = left, right
    below, above = (math.log(size / (_AIM * budget)) for size in (smallest, largest))
    was_low = None
    for _ in range(_ROUNDS):
        if smallest >= _CLOSE * budget or high - low <= _NARROW * abs(high):
            break
        middle = low + (high - low) * min(max(below / (below - above), 0.01), 0.99)
        size = size_at(middle)
        is_low = size <= budget
        if is_low:
            low, smallest, below = middle, size, math.log(size / (_AIM * budget))
            above = above / 2 if was_low is True else above
        else:
            high, above = middle, math.log(size / (_AIM * budget))
            below = below / 2 if was_low is False else below
        was_low = is_low
    return low
