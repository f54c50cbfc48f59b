"""What a comparison can see at all."""

from __future__ import annotations

import math


def detectable_difference(items: int, differing: float, *, alpha: float = 0.05, power: float = 0.8) -> float:
    """The smallest difference of two shares that McNemar's test finds with that power.

    Solves ``items = (z_alpha sqrt(psi) + z_beta sqrt(psi - d^2))^2 / d^2`` for d (Connor 1987, doi:10.2307/2531961).

    Args:
        items: pairs of answers, or groups of them.
        differing: psi, the share of items on which the arms differ; a half item at least, for none was seen by chance.
        alpha: level of the two-sided test.
        power: share of such samples in which the difference is found.
    """
    from scipy.optimize import brentq
    from scipy.stats import norm

    if items < 1:
        return 1.0
    psi = min(1.0, max(differing, 0.5 / items))
    z_alpha, z_beta = float(norm.ppf(1 - alpha / 2)), float(norm.ppf(power))

    def missing(d: float) -> float:
        return (z_alpha * math.sqrt(psi) + z_beta * math.sqrt(max(psi - d * d, 0.0))) ** 2 / (d * d) - items

    largest = psi  # the arms differ by no more than the share of items on which they differ
    return largest if missing(largest) > 0 else float(brentq(missing, 1e-9, largest))
