"""An adapter in whole numbers of one step, by rdq.

    q = sign(x) floor(|x| / step + 1 - dz)   of x = s_j u_ij and s_j v_ij, times the weights of the score

One step for the whole adapter is the optimum at high rates (Lagrange); a dead zone dz above 1/2 sends more to zero,
whose bits the entropy coder saves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from expertkit.adapters.svd import Array64
from expertkit.osd.adapter import Array, Module, Osd, on_both_sides
from expertkit.osd.file.symbols import LARGEST
from expertkit.osd.settings import Settings
from expertkit.osd.source import Source
from expertkit.osd.weights import weigh


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scaled:
    """The components of a module times their singular values and weights, which rdq rounds."""

    u: Array
    """(k, out)"""
    s: Array64
    """(k,); what the product of u and v is to be divided by, for the update."""
    v: Array
    """(k, in)"""
    magnitude: Array | None


def scaled_by(found: Mapping[str, Source], settings: Settings) -> dict[str, Scaled]:
    """Every module times its singular values and weights.

    Raises:
        ValueError: a score without its calibration.
    """
    weights = weigh(found, settings)
    modules = {}
    for name, source in found.items():
        svd = source.svd.first(settings.rank)
        sides = zip(weights[name], (svd.u.T, svd.vt), strict=True)
        u, v = (np.multiply((svd.s * weight)[:, None], rows, dtype=np.float32, order="C") for weight, rows in sides)
        s = svd.s * np.prod(weights[name], axis=0)
        modules[name] = Scaled(u=u, s=s, v=v, magnitude=source.magnitude)
    return modules


def quantised(scaled: Mapping[str, Scaled], settings: Settings, *, step: float, dead_zone: float) -> Osd:
    """The adapter at one step, before S is fitted anew; its density is what came about."""
    modules = {name: _quantised_module(each, step=step, dead_zone=dead_zone) for name, each in scaled.items()}
    kept = sum(int(np.count_nonzero(module.u)) + int(np.count_nonzero(module.v)) for module in modules.values())
    total = sum(each.u.size + each.v.size for each in scaled.values())
    return Osd(modules=modules, settings=replace(settings, density=kept / max(total, 1)))


def _quantised_module(scaled: Scaled, *, step: float, dead_zone: float) -> Module:
    u, v = (_integers(rows, step=step, dead_zone=dead_zone) for rows in (scaled.u, scaled.v))
    kept = on_both_sides(u, v)
    s = short(step / scaled.s[kept] * step)
    return Module(u=u[kept], s=s, v=v[kept], magnitude=scaled.magnitude)


def _integers(rows: Array, *, step: float, dead_zone: float) -> Array:
    """``sign(x) floor(|x| / step + 1 - dead_zone)``."""
    found: Array = rows / np.float32(step)
    found += np.copysign(np.float32(1 - dead_zone), found)
    np.trunc(found, out=found)
    found += np.float32(0)  # of the two zeros the one that is read again
    return np.clip(found, -LARGEST, LARGEST, out=found)


def short(s: Array64) -> Array:
    """With 12 binary digits: in a file of whole numbers the others would cost more than they are worth."""
    bits = s.astype(np.float32).view(np.uint32)
    found: Array = ((bits + np.uint32(1 << 11)) & np.uint32(0xFFFFF000)).view(np.float32)
    return found
