"""How far an adapter is from its source, exactly, without forming an update."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from expertkit.adapters.svd import Array64, Svd, product_svd
from expertkit.osd.adapter import Module, Osd
from expertkit.osd.source import Source, total_energy

_TILE, _NARROWEST = 1 << 18, 64
"""Multiplications of a tile, and its columns where rows are so many that threads are worth it."""


def relative_error(osd: Osd, found: Mapping[str, Source]) -> float:
    """Frobenius distance of all updates together, as a share of the norm of the source's; 0 of a source of zeros."""
    total = total_energy(found)
    squares = sum(squared_error(osd.modules[name], source, osd.settings.alpha) for name, source in found.items())
    return float(np.sqrt(squares / total)) if total else 0.0


def squared_error(module: Module, source: Source, alpha: float) -> float:
    """Squared Frobenius distance of a module's update from that of its source."""
    if module.mask is not None:
        return float(np.sum(_difference(module, source, alpha) ** 2))
    if module.masks is None:
        return squared_distance(source.svd, module.u, module.s, module.v)
    left, right = module.sides(alpha)
    return squared_distance(source.svd, left, np.ones(len(left)), right)


def spectral_error(module: Module, source: Source, alpha: float) -> float:
    """The largest singular value of a module's update less that of its source."""
    if module.mask is not None:
        return float(np.linalg.norm(_difference(module, source, alpha), 2))
    left, right = module.sides(alpha)
    b = np.concatenate([source.svd.u * source.svd.s, -left.T.astype(np.float64)], axis=1)
    if not b.size:
        return 0.0
    found = product_svd(b, np.concatenate([source.svd.vt, right.astype(np.float64)]))
    return float(found.s[0]) if found.rank else 0.0


def best_alpha(module: Module, source: Source, rank: int) -> float:
    """The weight of D' beside D that would bring their blend nearest to the source, 0..1.

    ``<R, D' - D> / ||D' - D||^2``, where D are the first ``rank`` components of the source and R is what they leave.
    """
    left, right = (source.svd.u * source.svd.s).T, source.svd.vt
    if module.mask is not None:
        step = module.update(1.0) - left[:rank].T @ right[:rank]
        gain, length = float(np.sum((left[rank:].T @ right[rank:]) * step)), float(np.sum(step**2))
    else:
        sides = zip(module.sides(1.0), (-left[:rank], right[:rank]), strict=True)
        step_left, step_right = (np.concatenate(each).astype(np.float64) for each in sides)
        gain = inner(left[rank:], right[rank:], step_left, step_right)
        length = inner(step_left, step_right, step_left, step_right)
    return min(max(gain / length, 0.0), 1.0) if length > 0 else 0.0


def inner(left: Array64, right: Array64, other_left: Array64, other_right: Array64) -> float:
    """The Frobenius inner product of ``left^T right`` and of the other such product; sides have rows of components."""
    return float(np.sum(_products(left, other_left) * _products(right, other_right)))


def _difference(module: Module, source: Source, alpha: float) -> Array64:
    """What a module's update lacks: (out, in); for masks of the update, which have no low rank."""
    found: Array64 = (source.svd.u * source.svd.s) @ source.svd.vt - module.update(alpha)
    return found


def squared_distance(svd: Svd, u: np.ndarray, s: np.ndarray, v: np.ndarray) -> float:
    """Squared Frobenius distance of ``svd`` from ``sum_j s_j u_j v_j^T``, by Gram matrices of their rows.

    Args:
        svd: (out, k0) and (k0, in).
        u: (k, out).
        s: (k,).
        v: (k, in).
    """
    u, s, v = (each.astype(np.float64) for each in (u, s, v))
    cross = (_products(svd.u.T, u) * _products(svd.vt, v)) @ s
    own = s @ ((_products(u, u) * _products(v, v)) @ s)
    return max(0.0, float(svd.s @ svd.s - 2 * svd.s @ cross + own))


def refit(svd: Svd, u: np.ndarray, v: np.ndarray) -> Array64:
    """The s that brings ``sum_j s_j u_j v_j^T`` nearest to ``svd``; 0 for a component that is zero.

    Solves ``[(U U^T) o (V V^T)] s = diag(U D V^T)``, the normal equations of the least squares in s, for components of
    unit length: those of small weight are no rounding of those of large weight.
    """
    u, v = u.astype(np.float64), v.astype(np.float64)
    lengths = np.linalg.norm(u, axis=1) * np.linalg.norm(v, axis=1)
    units = np.where(lengths > 0, lengths, 1.0)
    gram = _products(u, u) * _products(v, v) / np.outer(units, units)
    wanted = (_products(u, svd.u.T) * svd.s * _products(v, svd.vt)).sum(axis=1) / units
    found: Array64 = np.linalg.lstsq(gram, wanted, rcond=None)[0] / units if len(gram) else np.zeros(0)
    return found


def _products(first: Array64, second: Array64) -> Array64:
    """Of each row (k, n) of one with each row (m, n) of the other.

    In tiles: those are too small for BLAS to share among threads of its own, which wait for each other.
    """
    columns = max(_NARROWEST, _TILE // max(1, len(first) * len(second)))
    count = first.shape[1] // columns
    end = count * columns
    left, right = (each[:, :end].reshape(len(each), count, columns) for each in (first, second))
    tiles = np.matmul(left.swapaxes(0, 1), right.transpose(1, 2, 0))
    found: Array64 = tiles.sum(axis=0) + first[:, end:] @ second[:, end:].T
    return found
