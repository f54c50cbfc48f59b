"""An OSD adapter as a value, and what it does to a weight.

The update of a module's weight W (out, in) is kept as its components of largest singular value,

    D  = sum_j s_j u_j v_j^T                       u_j, v_j: row j of U^T (k, out) and of V^T (k, in)
    D' = the same with some entries of U and V at zero          in factor space
       = D with some of its entries at zero                     in delta space
    W' = W + (1 - alpha) D + alpha D'

At alpha = 1 in factor space only D' is kept, and it is a LoRA of rank k. Otherwise D is kept whole, and a mask says
what D' has of it. Rows of U^T and V^T have no fixed length: only the sum counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from expertkit.adapters.lora import Factors, Lora
from expertkit.errors import FormatError
from expertkit.osd.settings import Settings

Array = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Module:
    """What is kept of one module."""

    u: Array
    """(k, out); U^T."""
    s: Array
    """(k,); may be negative after a refit."""
    v: Array
    """(k, in); V^T."""
    masks: tuple[Mask, Mask] | None = None
    """In factor space where D is kept whole: what D' has of U^T and of V^T; None: u and v are those of D'."""
    mask: Mask | None = None
    """In delta space: what D' has of D, (out, in)."""
    magnitude: Array | None = None
    """(out,): the norms of the rows of W' in DoRA, exact."""

    @property
    def rank(self) -> int:
        """Number of components."""
        return len(self.s)

    @property
    def shape(self) -> tuple[int, int]:
        """(out_features, in_features) of the module that it changes."""
        return self.u.shape[1], self.v.shape[1]

    @property
    def kept(self) -> tuple[Mask, Mask]:
        """Which entries of U^T and of V^T the part D' has, as far as the factors tell: a mask of D is none of them."""
        return self.masks or (self.u != 0, self.v != 0)

    def update(self, alpha: float) -> Array:
        """What is added to W: (out, in)."""
        left, right = self.sides(alpha)
        found: Array = np.matmul(left.T, right)
        shares = self.shares(alpha)
        return found if shares is None else found * shares

    def sides(self, alpha: float) -> tuple[Array, Array]:
        """S U^T (k, out) and V^T (k, in), whose product (S U^T)^T V^T is the update, but for its ``shares``.

        Of 2k rows where D and D' are blended in factor space.
        """
        whole = self.u * self.s[:, None]
        if self.masks is None:
            return whole, self.v
        kept_u, kept_v = self.masks
        left = np.concatenate([whole * np.float32(1 - alpha), whole * kept_u * np.float32(alpha)])
        return left, np.concatenate([self.v, self.v * kept_v])

    def shares(self, alpha: float, rows: slice = slice(None)) -> Array | None:
        """What each entry of D counts in delta space, (out, in) or some of its rows; None: all count in full."""
        return None if self.mask is None else np.where(self.mask[rows], np.float32(1), np.float32(1 - alpha))

    def factors(self, alpha: float) -> Factors:
        """The same as a LoRA of scale 1; of rank 2k where D and D' are blended.

        Raises:
            FormatError: it is blended in delta space, which has no low rank.
        """
        if self.mask is not None:
            raise FormatError("osd: expected a mask of factors, got one of the update, which is no LoRA", hint=_MERGE)
        if self.masks is None:
            return _factors([(self.u, self.s, self.v)], self.magnitude)
        kept_u, kept_v = self.masks
        whole = (self.u, self.s * np.float32(1 - alpha), self.v)
        part = (self.u * kept_u, self.s * np.float32(alpha), self.v * kept_v)
        return _factors([whole, part], self.magnitude)


def on_both_sides(u: Array | Mask, v: Array | Mask) -> Mask:
    """Which components (rows) have something that is not zero on either side."""
    found: Mask = np.logical_and(u.any(axis=1), v.any(axis=1))
    return found


_MERGE = "merge it into the base's weights instead"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Osd:
    """An adapter: what is kept of every module it changes."""

    modules: Mapping[str, Module]
    """Module path to what is kept, sorted."""
    settings: Settings
    """How it came about and how it is stored."""

    def to_lora(self) -> Lora:
        """The same adapter as a LoRA, or DoRA, of scale 1.

        Raises:
            FormatError: it is blended in delta space.
        """
        return as_lora({name: module.factors(self.settings.alpha) for name, module in self.modules.items()})

    def updates(self) -> Iterator[tuple[str, Array]]:
        """What is added to each weight, one at a time: (out, in)."""
        for name, module in self.modules.items():
            yield name, module.update(self.settings.alpha)


def as_lora(modules: Mapping[str, Factors]) -> Lora:
    """Factors of scale 1 as an adapter."""
    rank = max(factors.rank for factors in modules.values())
    alphas = {name: float(factors.rank) for name, factors in modules.items() if factors.rank != rank}
    return Lora(modules=modules, rank=rank, alpha=float(rank), alphas=alphas)


def _factors(parts: list[tuple[Array, Array, Array]], magnitude: Array | None) -> Factors:
    """B = U sqrt(|S|), with the signs of S, and A = sqrt(|S|) V^T; no component at all is one of zeros."""
    roots = [np.sqrt(np.abs(s)) for _u, s, _v in parts]
    b = np.concatenate([u * (root * np.sign(s))[:, None] for (u, s, _), root in zip(parts, roots, strict=True)])
    a = np.concatenate([v * root[:, None] for (_u, _s, v), root in zip(parts, roots, strict=True)])
    if not len(b):
        b, a = np.zeros((1, b.shape[1]), np.float32), np.zeros((1, a.shape[1]), np.float32)
    return Factors(a=a, b=b.T, magnitude=magnitude)
