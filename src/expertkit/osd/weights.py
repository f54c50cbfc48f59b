"""How finely rdq rounds each component: one step for all, or a finer one where the loss of the answers feels it more.

Rounding to a step adds noise of one size to every number x of a component. What that costs is the mean of the squared
gradients there (Fisher), and many bits are shared best where steps are as 1 / sqrt of it. Gradients at the trained
adapter tell it only roughly, so that half of the way is gone (on the four experts here it was better than none and than
all of it): a weight is the fourth root of the mean square, and weights are 1 in the geometric mean. A weight costs no
byte: s carries the step.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from expertkit.adapters.svd import Array64
from expertkit.osd.settings import Settings
from expertkit.osd.source import Source

_ROOT = 0.25
_LEAST, _MOST = 0.1, 10.0
"""A component that the loss does not feel at all is not rounded away with it."""

Weights = tuple[Array64, Array64]
"""Of the components of U^T and of V^T, (k,) each."""


def weigh(found: Mapping[str, Source], settings: Settings) -> dict[str, Weights]:
    """What the numbers of each component are multiplied by before they are rounded.

    Raises:
        ValueError: the score fisher without its calibration.
    """
    raw = {name: _raw(source, settings) for name, source in found.items()}
    logs = np.log(np.concatenate([side for sides in raw.values() for side in sides] or [np.ones(1)]))
    middle = float(np.exp(logs.mean())) if len(logs) else 1.0
    return {name: (_within(u / middle), _within(v / middle)) for name, (u, v) in raw.items()}


def _raw(source: Source, settings: Settings) -> Weights:
    svd = source.svd.first(settings.rank)
    if settings.score == "fro":
        return np.ones(svd.rank), np.ones(svd.rank)
    if source.worth is None:
        raise ValueError(f"expected a calibration for the score {settings.score}, got none")
    u, v = (_felt(side[: svd.rank], svd.s) for side in source.worth)
    return u, v


def _felt(worth: Array64, s: Array64) -> Array64:
    """From sums of (x g)^2 over a component (k, width), whose x have squares of s^2 in all."""
    mean: Array64 = worth.sum(axis=1) / s**2
    largest = float(mean.max(initial=0)) or 1.0
    felt: Array64 = np.maximum(mean, 1e-12 * largest) ** _ROOT
    return felt


def _within(weights: Array64) -> Array64:
    found: Array64 = np.clip(weights, _LEAST, _MOST)
    return found
