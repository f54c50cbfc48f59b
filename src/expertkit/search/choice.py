"""The smallest adapter that is still as good, found with few questions.

Along the front error falls as bytes grow, and the share of right answers hardly ever does the opposite: so the point in
the middle is asked, then one in the half that it leaves, as in a bisection. What is chosen was asked itself.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from expertkit.evaluation.statistics import non_inferiority
from expertkit.search.trials import Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A trial with what it answered."""

    trial: Trial
    score: float
    """Share of right answers on the dev items."""
    low: float
    """What it has at least, with 95 % confidence, if the whole adapter has what it had."""
    is_good: bool
    """Whether it surely loses no more than the tolerance."""


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


def judge(
    trial: Trial, *, whole: Sequence[bool], right: Sequence[bool], groups: Sequence[Hashable], tolerance: float
) -> Asked:  # fmt: skip
    """Whether a trial loses no more than the tolerance, with 95 % confidence: a mean alone would be luck in part.

    Args:
        trial: what was asked.
        whole: item by item, whether the whole adapter was right.
        right: the same of the trial.
        groups: what each item shares with others.
        tolerance: a share of the items, above 0.
    """
    found = non_inferiority(whole, right, groups, margin=tolerance)
    before = sum(whole) / len(whole)
    return Asked(trial=trial, score=before + found.difference, low=before + found.low, is_good=found.is_proven)


def choose(front: Sequence[Trial], ask: Callable[[Trial], Asked], *, points: int) -> Choice:
    """Ask along a front.

    Args:
        front: trials, the fewest bytes first.
        ask: what a trial answers; each is asked once.
        points: how many are asked at most.
    """
    asked: list[Asked] = []
    low, high = 0, len(front)
    while low < high and len(asked) < points:
        middle = (low + high) // 2
        asked.append(ask(front[middle]))
        low, high = (low, middle) if asked[-1].is_good else (middle + 1, high)
    return Choice(asked=tuple(asked))
