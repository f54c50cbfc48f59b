"""An adapter compressed: by masks at a density, by quantisation with one step, or to as many bytes as there are.

    masks    entries of little worth go to zero, what is kept is rounded to the codec       masked
    rdq      entries become whole numbers of one step, of which many are zero               quantised

Where zeros are not kept, S is then fitted anew.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from expertkit.osd.adapter import Osd
from expertkit.osd.budgets import largest_within
from expertkit.osd.error import refit, relative_error
from expertkit.osd.file import blob
from expertkit.osd.file.symbols import LARGEST
from expertkit.osd.masked import masked
from expertkit.osd.quantised import Scaled, quantised, scaled_by, short
from expertkit.osd.settings import Settings
from expertkit.osd.source import Source

DEAD_ZONES = (0.5, 0.58, 0.66)
"""One of them is best, by the error that it leaves at the same bytes."""
_COARSEST, _FINEST = -0.1, 1.0
"""How fine a step is, as a logarithm, by which sizes change evenly: at 0 the largest entry is one step, at 1 as many as
there may be; below, it is none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compressed:
    """An adapter and its file."""

    osd: Osd
    data: bytes
    """The file; what it decodes to is the adapter."""
    error: float
    """Frobenius distance from the source as a share of its norm."""


def compress(found: Mapping[str, Source], settings: Settings) -> Compressed:
    """The adapter at the density of its settings.

    Raises:
        PackagingError: so little is kept of so much that no reader believes it.
        ValueError: rdq, which has a step in place of a density, or a score without its calibration.
    """
    if settings.codec == "rdq":
        raise ValueError("rdq: expected a budget of bytes, got a density")
    return _written(found, _refitted(found, masked(found, settings)))


def fit(found: Mapping[str, Source], settings: Settings, *, budget: int) -> Compressed:
    """The adapter of least error whose file has at most ``budget`` bytes.

    The density, or the step of rdq, is searched for: the file itself is measured.

    Raises:
        PackagingError: no file is so small; says the smallest. Or no reader believes one with so little of so much.
        ValueError: a score without its calibration.
    """
    if settings.codec == "rdq":
        return _fit_step(found, settings, budget)

    def at(density: float) -> Osd:
        return masked(found, replace(settings, density=density))

    density = largest_within(lambda density: blob.size(at(density)), 0.0, 1.0, budget=budget)
    return _written(found, _refitted(found, at(density)))


def _fit_step(found: Mapping[str, Source], settings: Settings, budget: int) -> Compressed:
    """With the best dead zone."""
    scaled = scaled_by(found, settings)
    fitting: list[Compressed] = []
    near = None
    for zone, wider in itertools.pairwise([*DEAD_ZONES, 1.0]):
        small, fineness = _fit_zone(found, scaled, settings, zone, near=near, budget=budget)
        fitting.append(small)
        near = _nearby(fineness, zone, wider)
    return min(fitting, key=lambda each: each.error)


def _nearby(fineness: float, zone: float, wider: float) -> tuple[float, float]:
    """Between which the step of a wider dead zone is: it is finer, but shrinks less than the zone grows."""
    return fineness, fineness + math.log(wider / zone, LARGEST)


def _fit_zone(
    found: Mapping[str, Source], scaled: Mapping[str, Scaled], settings: Settings, zone: float, *,
    near: tuple[float, float] | None, budget: int,
) -> tuple[Compressed, float]:  # fmt: skip
    """The adapter of one dead zone, and how fine its step is.

    S that is fitted anew may take more bytes than before: then less is allowed, until both fit. At the least that is
    the smallest file there is, of which nothing is left that S could be fitted to.
    """
    peak = max((float(np.abs(side).max(initial=0)) for each in scaled.values() for side in (each.u, each.v)), default=0)

    def at(fineness: float) -> Osd:
        return quantised(scaled, settings, step=(peak or 1.0) / float(LARGEST) ** fineness, dead_zone=zone)

    def size_at(fineness: float) -> int:
        return blob.size(at(fineness))

    smallest, allowed = size_at(_COARSEST), budget
    while True:
        fineness = largest_within(size_at, _COARSEST, _FINEST, budget=allowed, near=near)
        osd = _refitted(found, at(fineness))
        over = blob.size(osd) - budget
        if over <= 0:
            return _written(found, osd), fineness
        allowed = max(allowed - over, smallest)


def _refitted(found: Mapping[str, Source], osd: Osd) -> Osd:
    """With S fitted anew, where only what is kept is there."""
    if osd.settings.keeps_whole:
        return osd
    modules = {}
    for name, module in osd.modules.items():
        s = refit(found[name].svd, module.u, module.v)
        modules[name] = replace(module, s=short(s) if osd.settings.codec == "rdq" else s.astype(np.float32))
    return replace(osd, modules=modules)


def _written(found: Mapping[str, Source], osd: Osd) -> Compressed:
    return Compressed(osd=osd, data=blob.encode(osd), error=relative_error(osd, found))
