"""Shares of right answers to different items."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """So many right answers of so many."""

    right: int
    items: int

    @property
    def value(self) -> float:
        """Right answers per item; 0 when there are no items."""
        return self.right / self.items if self.items else 0.0


def fisher(first: Share, second: Share) -> float:
    """Two-sided p-value of both being samples of one share, by Fisher's exact test (Fisher 1935).

    Exact, because shares near 1 are where the usual approximations by a normal distribution err most.
    """
    from scipy.stats import fisher_exact

    table = [[share.right, share.items - share.right] for share in (first, second)]
    return float(fisher_exact(table).pvalue)
