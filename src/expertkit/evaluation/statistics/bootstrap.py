"""The bootstrap of a mean over groups: bias-corrected and accelerated (Efron 1987, doi:10.2307/2289144)."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

_ROUNDS = 4_000
_AT_ONCE = 200


def bca_interval(
    values: Sequence[float], groups: Sequence[Hashable], *, confidence: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """BCa interval of the mean of ``values`` when whole groups are drawn anew, with replacement.

    Args:
        values: one for each item.
        groups: the group of each item; an item that is alone has one of its own.
        confidence: share of such intervals that hold the true mean, above 0 and below 1.
        seed: of the draws; the same arguments give the same interval.

    Raises:
        ValueError: there are no values, or as many groups as there are not.
    """
    sums, sizes = _by_group(values, groups)
    mean = float(sums.sum() / sizes.sum())
    if np.allclose(sums, mean * sizes):  # every draw gives the same mean
        return mean, mean
    drawn = _draw_means(sums, sizes, np.random.default_rng(seed))
    low, high = _levels(drawn, mean, _acceleration(sums, sizes), confidence)
    return float(np.quantile(drawn, low)), float(np.quantile(drawn, high))


def bootstrap_p_value(values: Sequence[float], groups: Sequence[Hashable], *, seed: int = 0) -> float:
    """Two-sided p-value of a mean of zero: signs of whole groups are drawn, as they would be if nothing differed.

    The smallest one is 1 / (rounds + 1), for what was seen counts among the draws.
    """
    sums, _sizes = _by_group(values, groups)
    rng, seen, extreme = np.random.default_rng(seed), abs(float(sums.sum())), 0
    for _ in range(_ROUNDS // _AT_ONCE):
        signs = rng.choice((-1.0, 1.0), size=(_AT_ONCE, len(sums)))
        extreme += int((np.abs(signs @ sums) >= seen - 1e-12).sum())
    return (extreme + 1) / (_ROUNDS + 1)


def _by_group(values: Sequence[float], groups: Sequence[Hashable]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums and sizes of the groups."""
    if not values or len(values) != len(groups):
        raise ValueError(f"expected a group for each of at least one value, got {len(groups)} for {len(values)}")
    numbers = {group: at for at, group in enumerate(dict.fromkeys(groups))}
    index = np.array([numbers[group] for group in groups])
    sums = np.bincount(index, weights=np.asarray(values, dtype=np.float64)).astype(np.float64)
    return sums, np.bincount(index).astype(np.float64)


def _draw_means(sums: NDArray[np.float64], sizes: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    means = []
    for _ in range(_ROUNDS // _AT_ONCE):
        drawn = rng.integers(0, len(sums), size=(_AT_ONCE, len(sums)))
        means.append(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1))
    return np.concatenate(means)


def _acceleration(sums: NDArray[np.float64], sizes: NDArray[np.float64]) -> float:
    """How fast the spread changes with the mean, from leaving each group out once."""
    left_out = (sums.sum() - sums) / np.maximum(sizes.sum() - sizes, 1e-300)
    apart = left_out.mean() - left_out
    return float((apart**3).sum() / (6 * ((apart**2).sum() ** 1.5) + 1e-300))


def _levels(drawn: NDArray[np.float64], mean: float, acceleration: float, confidence: float) -> tuple[float, float]:
    """Which shares of the draws the ends of the interval are."""
    from scipy.stats import norm

    below = (np.count_nonzero(drawn < mean) + 0.5 * np.count_nonzero(drawn == mean)) / len(drawn)
    bias = norm.ppf(min(max(below, 1e-6), 1 - 1e-6))
    ends = (bias + norm.ppf(share) for share in ((1 - confidence) / 2, (1 + confidence) / 2))
    low, high = (float(norm.cdf(bias + end / (1 - acceleration * end))) for end in ends)
    return low, high
