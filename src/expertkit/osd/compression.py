"""An adapter compressed: by masks at a density, by quantisation with one step, or to as many bytes as there are.

masks    entries of little worth go to zero, what is kept is rounded to the codec, S is fitted anew
rdq      q = sign(x) floor(|x| / step + 1 - dz) of x = s_j u_ij and s_j v_ij, one step for the whole adapter: at high
rates the optimum (Lagrange); a dead zone dz above 1/2 sends more to zero, whose bits the entropy coder saves
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from expertkit.adapters.svd import Svd
from expertkit.errors import PackagingError
from expertkit.osd import blob, masks, values
from expertkit.osd.adapter import Array, Module, Osd
from expertkit.osd.error import refit, relative_error
from expertkit.osd.settings import Settings
from expertkit.osd.source import Seen, Source
from expertkit.osd.symbols import LARGEST

DEAD_ZONES = (0.5, 0.58, 0.66)
"""One of them is best, by the error that it leaves at the same bytes."""
_ROUNDS = 24
"""Of a bisection: until less than a byte in a megabyte is to be had."""
_CLOSE = 0.999
"""Of the budget: a file as large is not made any larger."""


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
        ValueError: rdq, which has a step in place of a density, or a score without its calibration.
    """
    if settings.codec == "rdq":
        raise ValueError("rdq: expected a budget of bytes, got a density")
    return _written(found, _masked(found, settings))


def fit(found: Mapping[str, Source], settings: Settings, *, budget: int) -> Compressed:
    """The adapter of least error whose file has at most ``budget`` bytes.

    The density, or the step of rdq, is found by bisection: the file itself is measured.

    Raises:
        PackagingError: no file is so small; says the smallest.
        ValueError: a score without its calibration.
    """
    if settings.codec == "rdq":
        return min((_fit_step(found, settings, zone, budget) for zone in DEAD_ZONES), key=lambda each: each.error)

    def at(density: float) -> Osd:
        return _masked(found, replace(settings, density=density))

    return _written(found, _largest_within(at, 0.0, 1.0, budget=budget))


def _fit_step(found: Mapping[str, Source], settings: Settings, dead_zone: float, budget: int) -> Compressed:
    bases = _bases(found, settings)
    peak = max((float(svd.s.max(initial=0)) for svd in bases.values()), default=0.0) or 1.0

    def at(fineness: float) -> Osd:
        step = peak * 2.0 ** -(fineness * 16)  # 1: so fine that numbers of 16 bits just hold them
        return _quantised(found, settings, step=step, dead_zone=dead_zone)

    return _written(found, _largest_within(at, -0.25, 0.85, budget=budget))


def _largest_within(at: Callable[[float], Osd], low: float, high: float, *, budget: int) -> Osd:
    """The adapter at the largest argument between two whose file has at most ``budget`` bytes."""
    best, size = at(low), 0
    smallest = len(blob.encode(best))
    if smallest > budget:
        raise PackagingError(f"expected a budget of at least {smallest} bytes, got {budget}",
                             hint=f"--budget-bytes {smallest}")  # fmt: skip
    for _ in range(_ROUNDS):
        middle = (low + high) / 2
        found = at(middle)
        size = len(blob.encode(found))
        if size > budget:
            high = middle
            continue
        best, low = found, middle
        if size >= _CLOSE * budget:
            break
    return best


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
    right = svd.vt if settings.score != "act" else svd.vt / _calibrated(source).inputs
    if settings.keeps_whole:
        everything = np.ones(svd.u.T.shape, bool), np.ones(svd.vt.shape, bool)
        u, v = (_rounded(rows, mask, settings) for rows, mask in zip((svd.u.T, right), everything, strict=True))
        return Module(u=u, s=svd.s.astype(np.float32), v=v, masks=kept, magnitude=source.magnitude)
    u, v = (_rounded(rows, mask, settings) for rows, mask in zip((svd.u.T, right), kept, strict=True))
    return _fitted(source, u, v)


def _masked_update(source: Source, svd: Svd, settings: Settings) -> Module:
    kept = masks.select_of_update((svd.u * svd.s) @ svd.vt, density=settings.density)
    everything = np.ones(svd.u.T.shape, bool), np.ones(svd.vt.shape, bool)
    u, v = (_rounded(rows, mask, settings) for rows, mask in zip((svd.u.T, svd.vt), everything, strict=True))
    return Module(u=u, s=svd.s.astype(np.float32), v=v, masks=kept, magnitude=source.magnitude)


def _rounded(rows: np.ndarray, kept: np.ndarray, settings: Settings) -> Array:
    found = np.zeros(rows.shape, np.float32)
    found[kept] = values.rounded(rows[kept].astype(np.float32), settings.codec)
    return found


def _quantised(found: Mapping[str, Source], settings: Settings, *, step: float, dead_zone: float) -> Osd:
    modules = {}
    for name, source in found.items():
        svd = source.svd.first(settings.rank)
        u, v = (_whole(svd.s[:, None] * rows / step, dead_zone) for rows in (svd.u.T, svd.vt))
        modules[name] = _fitted(source, u, v)
    kept = sum(int(np.count_nonzero(module.u)) + int(np.count_nonzero(module.v)) for module in modules.values())
    total = sum(module.u.size + module.v.size for module in modules.values())
    return Osd(modules=modules, settings=replace(settings, density=kept / max(total, 1)))


def _whole(x: np.ndarray, dead_zone: float) -> Array:
    sizes = np.minimum(np.floor(np.abs(x) + 1 - dead_zone), LARGEST)
    found: Array = (np.sign(x) * sizes).astype(np.float32)
    return found


def _fitted(source: Source, u: Array, v: Array) -> Module:
    """With S fitted anew, and without components of which a side is all zeros."""
    kept = u.any(axis=1) & v.any(axis=1)
    u, v = u[kept], v[kept]
    return Module(u=u, s=refit(source.svd, u, v).astype(np.float32), v=v, magnitude=source.magnitude)


def _written(found: Mapping[str, Source], osd: Osd) -> Compressed:
    return Compressed(osd=osd, data=blob.encode(osd), error=relative_error(osd, found))
