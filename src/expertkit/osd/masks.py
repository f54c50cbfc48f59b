"""Which entries of an adapter's factors are kept: those of largest worth, by one threshold for all modules.

Where every entry costs the same, one threshold on what its loss costs is the optimum under a budget (Lagrange). What
the loss of u_ij costs in the squared Frobenius norm is s_j^2 u_ij^2 times the squared length that the other side
keeps, as rows of V^T are orthonormal; so ``fro`` goes to and fro between the two sides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from expertkit.adapters.svd import Array64, Svd
from expertkit.osd.adapter import Array, Mask
from expertkit.osd.settings import Score
from expertkit.osd.source import Worth

_SWEEPS = 4
_LEAST_KEPT = 1e-3
"""Of the squared length of a row: a side that lost all could never come back."""

Masks = tuple[Mask, Mask]
"""Of U^T (k, out) and of V^T (k, in)."""
_Floats = NDArray[np.floating[Any]]


def select(
    bases: Mapping[str, Svd], *, keep: int, score: Score, worths: Mapping[str, Worth | None]
) -> dict[str, Masks]:
    """Masks with ``keep`` entries in all.

    Args:
        bases: the components of every module.
        keep: entries of both factors of all modules.
        score: what an entry is worth.
        worths: of every module by a calibration; used by the scores that need one.
    """
    if score in {"fro", "act"}:
        return _select_to_and_fro(bases, keep=keep)
    found = [_magnitudes(svd) if score == "mag" else _calibrated(worths[name], svd) for name, svd in bases.items()]
    return dict(zip(bases, _largest(found, keep=keep), strict=True))


def select_of_update(update: Array64, *, density: float) -> Mask:
    """The entries of an update that are largest by magnitude."""
    flat = np.abs(update).ravel()
    return _above(flat, keep=round(density * flat.size)).reshape(update.shape)


def _select_to_and_fro(bases: Mapping[str, Svd], *, keep: int) -> dict[str, Masks]:
    peak = max((float(svd.s.max(initial=0)) for svd in bases.values()), default=0.0) or 1.0
    weights = [(svd.s / peak) ** 2 for svd in bases.values()]
    squares = [(_squares(svd.u.T), _squares(svd.vt)) for svd in bases.values()]
    kept: list[tuple[Array64, Array64]] = [(np.ones(svd.rank),) * 2 for svd in bases.values()]
    masks: list[Masks] = []
    for _ in range(_SWEEPS):
        worths = [(_times(u, weight * b), _times(v, weight * a))
                  for (u, v), weight, (a, b) in zip(squares, weights, kept, strict=True)]  # fmt: skip
        masks = _largest(worths, keep=keep)
        kept = [(_kept_length(u, mask_u), _kept_length(v, mask_v))
                for (u, v), (mask_u, mask_v) in zip(squares, masks, strict=True)]  # fmt: skip
    return dict(zip(bases, masks, strict=True))


def _squares(rows: Array64) -> Array:
    found: Array = np.square(rows, dtype=np.float32, order="C")
    return found


def _times(squares: Array, weights: Array64) -> Array:
    found: Array = squares * weights.astype(np.float32)[:, None]
    return found


def _kept_length(squares: Array, kept: Mask) -> Array64:
    """The squared length of each row that is left, not all of which may be gone."""
    found: Array64 = np.maximum((squares * kept).sum(axis=1, dtype=np.float64), _LEAST_KEPT)
    return found


def _magnitudes(svd: Svd) -> Worth:
    root = np.sqrt(svd.s)[:, None]
    return np.abs(root * svd.u.T), np.abs(root * svd.vt)


def _calibrated(worth: Worth | None, svd: Svd) -> Worth:
    if worth is None:
        raise ValueError("expected a calibration for this score, got none")
    return worth[0][: svd.rank], worth[1][: svd.rank]


def _largest(worths: Sequence[tuple[_Floats, _Floats]], *, keep: int) -> list[Masks]:
    """Masks of the ``keep`` entries worth most; of equal ones the first."""
    flat = np.concatenate([side.ravel() for worth in worths for side in worth])
    kept = _above(flat, keep=keep)
    masks, at = [], 0
    for u, v in worths:
        middle, end = at + u.size, at + u.size + v.size
        masks.append((kept[at:middle].reshape(u.shape), kept[middle:end].reshape(v.shape)))
        at = end
    return masks


def _above(flat: _Floats, *, keep: int) -> Mask:
    """The ``keep`` largest, of equal ones the first; zeros are never worth their room."""
    if keep <= 0:
        return np.zeros(flat.size, bool)
    if keep >= flat.size:
        return flat > 0
    threshold = np.partition(flat, flat.size - keep)[flat.size - keep]
    kept: Mask = flat > threshold
    if threshold > 0:
        kept[np.flatnonzero(flat == threshold)[: keep - int(np.count_nonzero(kept))]] = True
    return kept
