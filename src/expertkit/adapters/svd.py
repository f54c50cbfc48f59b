"""Exact singular value decomposition of a LoRA update, without ever forming it.

``scale * B @ A`` has rank at most r, so two thin QR decompositions ``B = Qb Rb`` and ``A^T = Qa Ra``
leave an r x r problem: ``scale * Rb Ra^T = u S vt``, and ``U = Qb u``, ``Vt = vt Qa^T``. The result is a LoRA
again, with ``B' = U sqrt(S)``, ``A' = sqrt(S) Vt`` and ``alpha = r``: nothing is left out, its components are in
order of weight. Computed in float64; only the result is rounded. An update that is no product of thin matrices, such
as that of a full fine-tuning, is approached by projection on a random subspace (Halko, Martinsson and Tropp, 2011).
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
class Svd:
    """``U diag(S) Vt`` of a matrix (out, in), with as many components as are more than rounding."""

    u: Array64
    """(out, k), orthonormal columns; the largest entry of each is positive."""
    s: Array64
    """(k,), descending, positive."""
    vt: Array64
    """(k, in), orthonormal rows."""

    @property
    def rank(self) -> int:
        """Number of components."""
        return len(self.s)

    def first(self, rank: int) -> Svd:
        """The ``rank`` largest components: no matrix of that rank is nearer (Eckart and Young, 1936)."""
        return Svd(u=self.u[:, :rank], s=self.s[:rank], vt=self.vt[:rank])


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


def product_svd(b: Array64, a: Array64) -> Svd:
    """The exact decomposition of ``b @ a``, without components that are only rounding: their directions are chance.

    Args:
        b: (out, r).
        a: (r, in).
    """
    qb, rb = np.linalg.qr(b)
    qa, ra = np.linalg.qr(a.T)
    u, s, vt = np.linalg.svd(rb @ ra.T, full_matrices=False)
    return _signed(qb @ u, s, vt @ qa.T, noise=max(b.shape[0], a.shape[1]) * np.finfo(np.float64).eps)


def randomized_svd(matrix: Array64, *, rank: int, oversample: int = 10, powers: int = 2, seed: int = 0) -> Svd:
    """The ``rank`` largest components of a dense matrix, with an error within a hundredth of the least possible.

    Algorithms 4.4 and 5.1 of Halko, Martinsson and Tropp (arXiv 0909.4061): project on the span of
    ``(M M^T)^powers M`` times a random matrix of ``rank + oversample`` columns, orthonormal after every step.
    """
    width = min(rank + oversample, *matrix.shape)
    start = np.random.default_rng(seed).standard_normal((matrix.shape[1], width))
    basis, _ = np.linalg.qr(matrix @ start)
    for _ in range(powers):
        back, _ = np.linalg.qr(matrix.T @ basis)
        basis, _ = np.linalg.qr(matrix @ back)
    u, s, vt = np.linalg.svd(basis.T @ matrix, full_matrices=False)
    return _signed(basis @ u, s, vt, noise=max(matrix.shape) * np.finfo(np.float64).eps).first(rank)


def _decompose_module(factors: Factors, *, scale: float, dtype: DType) -> tuple[Factors, Spectrum]:
    b, a = wide(factors, scale=scale)
    svd = product_svd(b, a)
    rank, root = a.shape[0], np.sqrt(svd.s)
    left = _padded(svd.u * root, (b.shape[0], rank))
    right = _padded(root[:, None] * svd.vt, (rank, a.shape[1]))
    written = Factors(a=_stored(right, dtype), b=_stored(left, dtype), magnitude=factors.magnitude)
    error = distance((b, a), wide(written, scale=1.0)) / float(np.linalg.norm(svd.s)) if svd.rank else 0.0
    return written, Spectrum(singular_values=_padded(svd.s, (rank,)), numeric_rank=svd.rank, error=error)


def _signed(u: Array64, s: Array64, vt: Array64, *, noise: float) -> Svd:
    """Without what is below ``noise`` times the largest, and with the free choice of signs made."""
    k = int(np.count_nonzero(s > noise * s[0]))
    left, right = u[:, :k], vt[:k]
    signs = _signs(left)
    return Svd(u=left * signs, s=s[:k], vt=right * signs[:, None])


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
