"""An adapter compressed: by masks at a density, by quantisation with one step, or to as many bytes as there are.

masks    entries of little worth go to zero, what is kept is rounded to the codec, S is fitted anew
rdq      q = sign(x) floor(|x| / step + 1 - dz) of x = s_j u_ij and s_j v_ij, one step for the whole adapter: at high
rates the optimum (Lagrange); a dead zone dz above 1/2 sends more to zero, whose bits the entropy coder saves
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from expertkit.adapters.svd import Array64, Svd
from expertkit.errors import PackagingError
from expertkit.osd import blob, masks, values
from expertkit.osd.adapter import Array, Mask, Module, Osd
from expertkit.osd.error import refit, relative_error
from expertkit.osd.settings import Settings
from expertkit.osd.source import Seen, Source
from expertkit.osd.symbols import LARGEST
from expertkit.osd.weights import weigh

DEAD_ZONES = (0.5, 0.58, 0.66)
"""One of them is best, by the error that it leaves at the same bytes."""
_ROUNDS = 24
"""Of a search for a size: until nothing more is to be had."""
_CLOSE, _AIM = 0.998, 0.999
"""Of the budget: a file of the first share is not made any larger, one of the second is aimed at."""
_NARROW = 1e-4
"""As a share of an argument: nothing between two so close is looked for, as sizes have steps."""
_COARSEST, _FINEST = -0.1, 1.0
"""Steps of rdq, by how fine they are: at 0 the largest entry is one step, at 1 as many as there may be; below, none."""


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
    return _written(found, _refitted(found, _masked(found, settings)))


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
        return _masked(found, replace(settings, density=density))

    return _written(found, _refitted(found, at(_largest_within(at, 0.0, 1.0, budget=budget))))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Scaled:
    """The components of a module times their singular values and weights, which rdq rounds."""

    u: Array
    """(k, out)"""
    s: Array64
    """(k,); what the product of u and v is to be divided by, for the update."""
    v: Array
    """(k, in)"""
    magnitude: Array | None


def _fit_step(found: Mapping[str, Source], settings: Settings, budget: int) -> Compressed:
    """With the best dead zone; between a zone and the next one the step that fits shrinks less than the zone grows."""
    scaled = _scaled(found, settings)
    best, near = None, None
    for zone, wider in itertools.pairwise([*DEAD_ZONES, 1.0]):
        small, at = _fit_zone(found, scaled, settings, zone, near=near, budget=budget)
        best = small if best is None or small.error < best.error else best
        near = at, at + math.log(wider / zone, LARGEST)
    return cast("Compressed", best)


def _fit_zone(
    found: Mapping[str, Source], scaled: Mapping[str, _Scaled], settings: Settings, zone: float, *,
    near: tuple[float, float] | None, budget: int,
) -> tuple[Compressed, float]:  # fmt: skip
    """The adapter of one dead zone, and how fine its step is."""
    peak = max(float(np.abs(rows).max(initial=0)) for each in scaled.values() for rows in (each.u, each.v)) or 1.0

    def at(fineness: float) -> Osd:
        return _quantised(scaled, settings, step=peak / float(LARGEST) ** fineness, dead_zone=zone)

    smallest, allowed = blob.size(at(_COARSEST)), budget
    while True:
        fineness = _largest_within(at, _COARSEST, _FINEST, budget=allowed, near=near)
        osd = _refitted(found, at(fineness))
        over = blob.size(osd) - budget
        if over <= 0:
            return _written(found, osd), fineness
        allowed = max(allowed - over, smallest)


def _largest_within(
    at: Callable[[float], Osd], low: float, high: float, *, budget: int, near: tuple[float, float] | None = None
) -> float:
    """The largest argument between two at which the file has at most ``budget`` bytes, S not being fitted yet.

    Args:
        at: the adapter at an argument; the larger it is, the larger the file, by and large.
        low: the least argument.
        high: the largest one.
        budget: bytes.
        near: arguments between which it probably is.
    """
    low, high = near or (low, high)
    smallest, largest = (blob.size(at(each)) for each in (low, high))
    if near and not smallest <= budget < largest:
        return _largest_within(at, _COARSEST, _FINEST, budget=budget)
    if smallest > budget:
        raise PackagingError(f"expected a budget of at least {smallest} bytes, got {budget}",
                             hint=f"--budget-bytes {smallest}")  # fmt: skip
    if largest <= budget:
        return high
    return _crossing(lambda argument: blob.size(at(argument)), (low, smallest), (high, largest), budget=budget)


def _crossing(
    size_at: Callable[[float], int], left: tuple[float, int], right: tuple[float, int], *, budget: int
) -> float:
    """The largest argument found at which a size is at most the budget, where it is so on the left, not on the right.

    The method of false position on the logarithm of the size, with the change of Illinois: where one end is kept twice,
    its distance from what is aimed at counts half.
    """
    (low, smallest), (high, largest) = left, right
    below, above = (math.log(size / (_AIM * budget)) for size in (smallest, largest))
    was_low = None
    for _ in range(_ROUNDS):
        if smallest >= _CLOSE * budget or high - low <= _NARROW * abs(high):
            break
        middle = low + (high - low) * min(max(below / (below - above), 0.01), 0.99)
        size = size_at(middle)
        is_low = size <= budget
        if is_low:
            low, smallest, below = middle, size, math.log(size / (_AIM * budget))
            above = above / 2 if was_low is True else above
        else:
            high, above = middle, math.log(size / (_AIM * budget))
            below = below / 2 if was_low is False else below
        was_low = is_low
    return low


def _masked(found: Mapping[str, Source], settings: Settings) -> Osd:
    bases = _bases(found, settings)
    if settings.space == "delta":
        modules = {name: _masked_update(found[name], svd, settings) for name, svd in bases.items()}
        return Osd(modules=modules, settings=settings)
    total = sum(svd.u.size + svd.vt.size for svd in bases.values())
    worths = {name: source.worth for name, source in found.items()}
    chosen = masks.select(bases, keep=round(settings.density * total), score=settings.score, worths=worths)
    modules = {name: _masked_module(found[name], svd, chosen[name], settings) for name, svd in bases.items()}
    return Osd(modules=modules, settings=settings)


def _bases(found: Mapping[str, Source], settings: Settings) -> dict[str, Svd]:
    """The components to choose from; with ``act`` those of the update as its inputs see it."""
    return {name: _seen(source, settings).first(settings.rank) for name, source in found.items()}


def _seen(source: Source, settings: Settings) -> Svd:
    return source.svd if settings.score != "act" else _calibrated(source).svd


def _calibrated(source: Source) -> Seen:
    if source.seen is None:
        raise ValueError("expected a calibration for the score act, got none")
    return source.seen


def _masked_module(source: Source, svd: Svd, kept: masks.Masks, settings: Settings) -> Module:
    own = svd if settings.score != "act" else _unseen(svd, _calibrated(source).inputs)
    return (_whole if settings.keeps_whole else _settled)(own, kept, source, settings)


def _unseen(svd: Svd, inputs: Array64) -> Svd:
    """Components as they are without their inputs; what is not orthogonal any more still has rows of length one."""
    rows = svd.vt / inputs
    lengths = np.linalg.norm(rows, axis=1)
    return Svd(u=svd.u, s=svd.s * lengths, vt=rows / lengths[:, None])


def _masked_update(source: Source, svd: Svd, settings: Settings) -> Module:
    kept = masks.select_of_update((svd.u * svd.s) @ svd.vt, density=settings.density)
    return _whole(svd, kept, source, settings)


def _whole(svd: Svd, kept: masks.Masks | Mask, source: Source, settings: Settings) -> Module:
    """All entries, beside what a mask has of them."""
    u, v = (_rounded(rows, settings) for rows in (svd.u.T, svd.vt))
    return Module(u=u, s=svd.s.astype(np.float32), v=v, masks=kept, magnitude=source.magnitude)


def _settled(svd: Svd, kept: masks.Masks, source: Source, settings: Settings) -> Module:
    """Kept entries, none of which is rounded to zero, of components that have some on both sides."""
    u, s, v, (kept_u, kept_v) = svd.u.T, svd.s, svd.vt, kept
    while True:
        both = _on_both_sides(kept_u, kept_v)
        u, s, v = u[both], s[both], v[both]
        found_u, found_v = _nonzero(u, kept_u[both], settings), _nonzero(v, kept_v[both], settings)
        kept_u, kept_v = found_u != 0, found_v != 0
        if _on_both_sides(kept_u, kept_v).all():
            return Module(u=found_u, s=s.astype(np.float32), v=found_v, magnitude=source.magnitude)


def _nonzero(rows: Array64, kept: Mask, settings: Settings) -> Array:
    """Kept entries without those that are rounded to zero, which others are rounded with."""
    places = np.flatnonzero(kept)
    numbers = rows[kept].astype(np.float32)
    while not (rounded := values.rounded(numbers, settings.codec)).all():
        places, numbers = places[rounded != 0], numbers[rounded != 0]
    found = np.zeros(rows.shape, np.float32)
    found.ravel()[places] = rounded
    return found


def _rounded(rows: Array64, settings: Settings) -> Array:
    return values.rounded(rows.astype(np.float32).ravel(), settings.codec).reshape(rows.shape)


def _scaled(found: Mapping[str, Source], settings: Settings) -> dict[str, _Scaled]:
    weights = weigh(found, settings)
    modules = {}
    for name, source in found.items():
        svd = source.svd.first(settings.rank)
        sides = zip(weights[name], (svd.u.T, svd.vt), strict=True)
        u, v = (np.multiply((svd.s * weight)[:, None], rows, dtype=np.float32, order="C") for weight, rows in sides)
        s = svd.s * np.prod(weights[name], axis=0)
        modules[name] = _Scaled(u=u, s=s, v=v, magnitude=source.magnitude)
    return modules


def _quantised(scaled: Mapping[str, _Scaled], settings: Settings, *, step: float, dead_zone: float) -> Osd:
    modules = {name: _quantised_module(each, step=step, dead_zone=dead_zone) for name, each in scaled.items()}
    kept = sum(int(np.count_nonzero(module.u)) + int(np.count_nonzero(module.v)) for module in modules.values())
    total = sum(module.u.size + module.v.size for module in modules.values())
    return Osd(modules=modules, settings=replace(settings, density=kept / max(total, 1)))


def _quantised_module(scaled: _Scaled, *, step: float, dead_zone: float) -> Module:
    u, v = (_integers(rows, step=step, dead_zone=dead_zone) for rows in (scaled.u, scaled.v))
    kept = _on_both_sides(u, v)
    s = _short(step / scaled.s[kept] * step)
    return Module(u=u[kept], s=s, v=v[kept], magnitude=scaled.magnitude)


def _on_both_sides(u: Array | Mask, v: Array | Mask) -> Mask:
    """Components of which neither side is all zeros."""
    found: Mask = np.logical_and(u.any(axis=1), v.any(axis=1))
    return found


def _integers(rows: Array, *, step: float, dead_zone: float) -> Array:
    """``sign(x) floor(|x| / step + 1 - dead_zone)``."""
    found: Array = rows / np.float32(step)
    found += np.copysign(np.float32(1 - dead_zone), found)
    np.trunc(found, out=found)
    return np.clip(found, -LARGEST, LARGEST, out=found)


def _refitted(found: Mapping[str, Source], osd: Osd) -> Osd:
    """With S fitted anew, where only what is kept is there."""
    if osd.settings.keeps_whole:
        return osd
    modules = {}
    for name, module in osd.modules.items():
        s = refit(found[name].svd, module.u, module.v)
        modules[name] = replace(module, s=_short(s) if osd.settings.codec == "rdq" else s.astype(np.float32))
    return replace(osd, modules=modules)


def _short(s: Array64) -> Array:
    """With 12 binary digits: in a file of whole numbers the others would cost more than they are worth."""
    bits = s.astype(np.float32).view(np.uint32)
    found: Array = ((bits + np.uint32(1 << 11)) & np.uint32(0xFFFFF000)).view(np.float32)
    return found


def _written(found: Mapping[str, Source], osd: Osd) -> Compressed:
    return Compressed(osd=osd, data=blob.encode(osd), error=relative_error(osd, found))
