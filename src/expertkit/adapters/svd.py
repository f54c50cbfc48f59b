"""Exact singular value decomposition of a LoRA update, without ever forming it.

``scale * B @ A`` has rank at most r, so two thin QR decompositions ``B = Qb Rb`` and ``A^T = Qa Ra``
leave an r x r problem: ``scale * Rb Ra^T = u S vt``, and ``U = Qb u``, ``Vt = vt Qa^T``. The result is a LoRA
again, with ``B' = U sqrt(S)``, ``A' = sqrt(S) Vt`` and ``alpha = r``: nothing is left out, its components are in
order of weight. Computed in float64; only the result is rounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from expertkit.adapters.dtypes import UNIT_ROUNDOFF, DType, rounded
from expertkit.adapters.lora import Factors, Lora

Array64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spectrum:
    """What the decomposition found in one module."""

    singular_values: Array64
    """Of the update with its scale, descending, as many as the adapter's rank."""
    numeric_rank: int
    """How many of them are more than float64 rounding."""
    error: float
    """Relative Frobenius distance of the written update from the trained one; 0 for a zero update."""

    @property
    def energy(self) -> Array64:
        """Share of the squared Frobenius norm in the first 1, 2, ... components; 1 throughout for zero updates."""
        squares = np.cumsum(self.singular_values**2)
        return squares / squares[-1] if squares[-1] > 0 else np.ones_like(squares)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decomposition:
    """An adapter with ordered components, and what was found module by module."""

    lora: Lora
    spectra: Mapping[str, Spectrum]


def decompose(lora: Lora, *, dtype: DType) -> Decomposition:
    """The same update with its components in order of weight, stored as ``dtype``; magnitudes stay as they are.

    Raises:
        ValueError: a value is too large for ``dtype``.
    """
    modules: dict[str, Factors] = {}
    spectra: dict[str, Spectrum] = {}
    for name in sorted(lora.modules):
        modules[name], spectra[name] = _decompose_module(lora.modules[name], scale=lora.scale(name), dtype=dtype)
    alphas = {name: float(factors.rank) for name, factors in modules.items() if factors.rank != lora.rank}
    result = Lora(
        modules=modules, rank=lora.rank, alpha=float(lora.rank), alphas=alphas, dropout=lora.dropout, dtype=dtype
    )  # fmt: skip
    return Decomposition(lora=result, spectra=spectra)


def promised_error(dtype: DType, *, rank: int) -> float:
    """Bound on a spectrum's ``error`` while all entries are in the normal range of ``dtype``.

    Rounding moves each factor by at most u in relative norm, so the product by 2u |B'|_F |A'|_2; and
    ``sqrt(s_1 * sum(s)) <= rank**0.25 * |s|_2``. The last factor covers the second-order term.
    """
    return float(2 * UNIT_ROUNDOFF[dtype] * rank**0.25 * (1 + 2 * UNIT_ROUNDOFF[dtype] * rank**0.5) + 1e-13)


def wide(factors: Factors, *, scale: float) -> tuple[Array64, Array64]:
    """``scale * B`` and ``A``, float64."""
    return scale * factors.b.astype(np.float64), factors.a.astype(np.float64)


def distance(first: tuple[Array64, Array64], second: tuple[Array64, Array64]) -> float:
    """Frobenius norm of the difference of two products ``b @ a``, again by two thin QRs."""
    _, left = np.linalg.qr(np.hstack([first[0], -second[0]]))
    _, right = np.linalg.qr(np.vstack([first[1], second[1]]).T)
    return float(np.linalg.norm(left @ right.T))


def _decompose_module(factors: Factors, *, scale: float, dtype: DType) -> tuple[Factors, Spectrum]:
    b, a = wide(factors, scale=scale)
    u, s, vt, numeric_rank = _thin_svd(b, a)
    root = np.sqrt(s)
    written = Factors(a=_stored(root[:, None] * vt, dtype), b=_stored(u * root, dtype), magnitude=factors.magnitude)
    error = distance((b, a), wide(written, scale=1.0)) / float(np.linalg.norm(s)) if numeric_rank else 0.0
    return written, Spectrum(singular_values=s, numeric_rank=numeric_rank, error=error)


def _thin_svd(b: Array64, a: Array64) -> tuple[Array64, Array64, Array64, int]:
    """U (out, r), S (r,) descending, Vt (r, in) of ``b @ a``, and how many components are not rounding.

    Components that are only rounding come back as zeros: their directions would be chance.
    """
    qb, rb = np.linalg.qr(b)
    qa, ra = np.linalg.qr(a.T)
    u, s, vt = np.linalg.svd(rb @ ra.T, full_matrices=False)
    noise = max(b.shape[0], a.shape[1]) * np.finfo(np.float64).eps * s[0]
    k = int(np.count_nonzero(s > noise))
    left, right = qb @ u[:, :k], vt[:k] @ qa.T
    signs = _signs(left)
    rank, out, width = a.shape[0], b.shape[0], a.shape[1]
    ordered = (
        _padded(left * signs, (out, rank)),
        _padded(s[:k], (rank,)),
        _padded(right * signs[:, None], (rank, width)),
    )
    return *ordered, k


def _signs(left: Array64) -> Array64:
    """Signs that make the largest entry of each column positive, which fixes the free choice."""
    if left.shape[1] == 0:
        return np.ones(0)
    largest = left[np.abs(left).argmax(axis=0), np.arange(left.shape[1])]
    return np.where(largest < 0, -1.0, 1.0)


def _padded(array: Array64, shape: tuple[int, ...]) -> Array64:
    """``array`` with zeros after its end in each axis."""
    return np.pad(array, [(0, wanted - have) for wanted, have in zip(shape, array.shape, strict=True)])


def _stored(values: Array64, dtype: DType) -> NDArray[np.float32]:
    return rounded(values.astype(np.float32), dtype)
