"""The smallest adapter that is still as good, found with few questions.

Along the front error falls as bytes grow, and the share of right answers hardly ever does the opposite: so the point in
the middle is asked, then one in the half that it leaves, as in a bisection. What is chosen was asked itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from expertkit.search.trials import Trial

_ROUNDING = 1e-9
"""Shares of any number of items that could be asked lie further apart than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A trial with what it answered."""

    trial: Trial
    score: float
    """Share of right answers on the dev items."""
    is_good: bool
    """Whether it is within the tolerance of the whole adapter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a search found."""

    asked: tuple[Asked, ...] = ()
    """In the order in which they were asked."""

    @property
    def winner(self) -> Asked | None:
        """The fewest bytes of those that are as good; None where none is."""
        good = [each for each in self.asked if each.is_good]
        return min(good, key=lambda each: (each.trial.size, each.trial.error)) if good else None


def choose(
    front: Sequence[Trial], score: Callable[[Trial], float], *, whole: float, tolerance: float, points: int
) -> Choice:
    """Ask along a front.

    Args:
        front: trials, the fewest bytes first.
        score: the share of right answers of a trial; each is asked once.
        whole: that of the adapter before it is compressed.
        tolerance: how much lower it may be.
        points: how many are asked at most.
    """
    asked: list[Asked] = []
    low, high = 0, len(front)
    while low < high and len(asked) < points:
        middle = (low + high) // 2
        found = score(front[middle])
        is_good = whole - found <= tolerance + _ROUNDING
        asked.append(Asked(trial=front[middle], score=found, is_good=is_good))
        low, high = (low, middle) if is_good else (middle + 1, high)
    return Choice(asked=tuple(asked))
