"""Whether a finished expert still does what it was released with (docs/nightly.md)."""

from __future__ import annotations

from dataclasses import dataclass

from expertkit.evaluation.statistics.samples import Share, fisher


@dataclass(frozen=True, slots=True, kw_only=True)
class Recheck:
    """What an expert scores on fresh items, against what its package says it scored on the test items."""

    recorded: Share
    fresh: Share
    p_value: float
    """Two-sided, of both being samples of one share."""
    regression: str | None
    """What has become worse; None where nothing has, as far as can be told."""


def recheck(recorded: Share, fresh: Share, *, alpha: float) -> Recheck:
    """Compare the two.

    Args:
        recorded: of the test items, in the package.
        fresh: of items of the same generator that were drawn anew.
        alpha: the largest p-value at which a lower score is a regression.
    """
    p_value = fisher(recorded, fresh)
    is_worse = fresh.value < recorded.value and p_value <= alpha
    said = f"expected {recorded.value:.3f} as on {recorded.items} test items, got {fresh.value:.3f} of {fresh.items}"
    worse = f"{said} fresh ones, p {p_value:.1g}" if is_worse else None
    return Recheck(recorded=recorded, fresh=fresh, p_value=p_value, regression=worse)
