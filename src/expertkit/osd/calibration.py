"""What a calibration found out about the modules of an adapter, and sources that know it.

    taylor   sum_s |x g_s|     an entry x of U sqrt(S) or sqrt(S) V^T, g_s the gradient of the loss of sequence s there:
    fisher   sum_s (x g_s)^2   at an optimum gradients cancel out, so that their sum over sequences would be noise
    act      the root mean square of each input, by which the columns of the update are weighed

x g_s is the same however S is shared between the two sides. The numbers are measured in ``runtime.calibration``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from expertkit.adapters.svd import Array64, product_svd
from expertkit.osd.settings import Score
from expertkit.osd.source import Seen, Source, Worth

_LEAST = 1e-6
"""Of the largest input: what was never seen still has a size that one can divide by."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """What was found of one module."""

    inputs: Array64
    """(in,): root of the mean square of each input."""
    taylor: Worth
    """(k, out) and (k, in)."""
    fisher: Worth
    """(k, out) and (k, in)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calibration:
    """What was found of an adapter."""

    modules: Mapping[str, Measured]
    """Module path to what was found."""
    sequences: int
    tokens: int
    """That counted."""


def calibrated(found: Mapping[str, Source], calibration: Calibration, score: Score) -> dict[str, Source]:
    """The sources with what their inputs see of them, and with the worth of their entries by ``taylor`` or ``fisher``.

    Args:
        found: the modules of the adapter that was measured.
        calibration: what was found.
        score: whose worths are wanted; those without any of a calibration leave it None.

    Raises:
        ValueError: the calibration is of other modules, or of other shapes or fewer components.
    """
    if found.keys() != calibration.modules.keys():
        raise ValueError(f"calibration: expected modules {sorted(found)}, got {sorted(calibration.modules)}")
    return {name: _calibrated(name, source, calibration.modules[name], score) for name, source in found.items()}


def _calibrated(name: str, source: Source, measured: Measured, score: Score) -> Source:
    shapes = tuple(side.shape[1] for side in measured.taylor)
    if shapes != source.shape or len(measured.taylor[0]) < source.svd.rank:
        raise ValueError(f"calibration, {name}: expected shape {source.shape}, got {shapes}")
    return replace(source, seen=_seen(source, measured.inputs), worth=_worth(source, measured, score))


def _worth(source: Source, measured: Measured, score: Score) -> Worth | None:
    if score not in {"taylor", "fisher"}:
        return None
    u, v = measured.taylor if score == "taylor" else measured.fisher
    return u[: source.svd.rank], v[: source.svd.rank]


def _seen(source: Source, measured: Array64) -> Seen:
    largest = float(measured.max())
    inputs = np.maximum(measured, _LEAST * largest) if largest else np.ones_like(measured)
    svd = source.svd
    return Seen(inputs=inputs, svd=product_svd(svd.u * svd.s, svd.vt * inputs) if svd.rank else svd)
