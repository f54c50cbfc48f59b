"""The smallest adapter that is still as good, found with few questions.

Along a front error falls as bytes grow, and the share of right answers hardly ever does the opposite: so the point in
the middle is asked, then one in the half that it leaves, as in a bisection. Several fronts take turns, and what is good
on one leaves of all others only what is smaller. What is chosen was asked itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from math import inf

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
    agreement: float
    """Share of the items on which it is right, or wrong, as the whole adapter is."""
    is_good: bool
    """Whether it surely loses no more than the tolerance, and nothing that it needs."""


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
    trial: Trial, *, whole: Sequence[bool], right: Sequence[bool], groups: Sequence[Hashable], tolerance: float,
    needed: float,
) -> Asked:  # fmt: skip
    """Whether a trial loses no more than the tolerance, with 95 % confidence: a mean alone would be luck in part.

    Nor does it lose what the gate will ask for, where the whole adapter has that.

    Args:
        trial: what was asked.
        whole: item by item, whether the whole adapter was right.
        right: the same of the trial.
        groups: what each item shares with others.
        tolerance: a share of the items, above 0.
        needed: the share that has to be right.
    """
    found = non_inferiority(whole, right, groups, margin=tolerance)
    before = sum(whole) / len(whole)
    low = max(before + found.low, 0.0)
    is_good = found.is_proven and (low >= needed or before < needed)
    agreement = sum(one == other for one, other in zip(whole, right, strict=True)) / len(whole)
    return Asked(trial=trial, score=before + found.difference, low=low, agreement=agreement, is_good=is_good)


def choose(fronts: Sequence[Sequence[Trial]], ask: Callable[[Trial], Asked], *, points: int) -> Choice:
    """Ask along fronts, by turns.

    Args:
        fronts: trials of each, the fewest bytes first.
        ask: what a trial answers; each is asked once.
        points: how many are asked at most.
    """
    asked: list[Asked] = []
    waiting = deque(front for front in fronts if front)
    while waiting and len(asked) < points:
        front = waiting.popleft()
        middle = len(front) // 2
        asked.append(ask(front[middle]))
        waiting.append(front[:middle] if asked[-1].is_good else front[middle + 1 :])
        most = min((each.trial.size for each in asked if each.is_good), default=inf)
        waiting = deque(kept for each in waiting if (kept := [trial for trial in each if trial.size < most]))
    return Choice(asked=tuple(asked))
