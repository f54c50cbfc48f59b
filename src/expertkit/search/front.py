"""What is worth looking at: the trials that no other beats in bytes and in error at once (Pareto)."""

from __future__ import annotations

from collections.abc import Sequence

from expertkit.osd.settings import SCORES, Score
from expertkit.search.trials import Trial

_SAME = 0.01
"""Files that differ by no more of their bytes are of one size."""


def front(trials: Sequence[Trial]) -> list[Trial]:
    """The trials of least error for their bytes among those of the same score, the fewest bytes first.

    The error is that of the update, by which a score that thinks of the loss is never the better one: so each score has
    a front of its own, and the dev items decide.
    """
    return sorted((trial for each in fronts(trials).values() for trial in each), key=_order)


def fronts(trials: Sequence[Trial]) -> dict[Score, list[Trial]]:
    """The front of each score that there is, of the trials that have a file."""
    possible = [trial for trial in trials if trial.is_possible]
    found = {score: _front([trial for trial in possible if trial.point.settings.score == score]) for score in SCORES}
    return {score: points for score, points in found.items() if points}


def distinct(points: Sequence[Trial]) -> list[Trial]:
    """Of points of a front that hardly differ in bytes, the one of least error.

    Args:
        points: the fewest bytes first.
    """
    found: list[Trial] = []
    for trial in reversed(points):
        if not found or trial.size * (1 + _SAME) < found[0].size:
            found.insert(0, trial)
    return found


def _front(trials: Sequence[Trial]) -> list[Trial]:
    found: list[Trial] = []
    for trial in sorted(trials, key=_order):
        if not found or trial.error < found[-1].error:
            found.append(trial)
    return found


def _order(trial: Trial) -> tuple[int, float, str]:
    return trial.size, trial.error, trial.point.name
