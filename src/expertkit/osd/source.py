"""What is compressed: the exact components of every module of an adapter, and what is known of its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from expertkit.adapters.lora import Lora
from expertkit.adapters.svd import Array64, Svd, product_svd, wide
from expertkit.errors import FormatError

Worth = tuple[NDArray[np.float64], NDArray[np.float64]]
"""What the entries of U^T (k, out) and of V^T (k, in) are worth, at least 0."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """An update as its outputs see it: each column times the size of its input."""

    inputs: Array64
    """(in,): root of the mean square of each input; positive."""
    svd: Svd
    """Of the update times ``inputs``."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Source:
    """A module before it is compressed."""

    svd: Svd
    """Of the update, its scale included."""
    magnitude: NDArray[np.float32] | None = None
    """(out,): the norms of the rows of W' in DoRA."""
    worth: Worth | None = None
    """By a calibration, for the scores taylor and fisher."""
    seen: Seen | None = None
    """By a calibration, for the score act."""

    @property
    def shape(self) -> tuple[int, int]:
        """(out_features, in_features)."""
        return self.svd.u.shape[0], self.svd.vt.shape[1]

    @property
    def energy(self) -> float:
        """Squared Frobenius norm of the update."""
        return float(self.svd.s @ self.svd.s)


def sources(lora: Lora) -> dict[str, Source]:
    """Every module of a LoRA or DoRA, by its path; of DoRA only the product, as magnitudes stay as they are.

    Raises:
        FormatError: a number is not finite.
    """
    found = {}
    for name in sorted(lora.modules):
        factors = lora.modules[name]
        b, a = wide(factors, scale=lora.scale(name))
        if not np.isfinite(b).all() or not np.isfinite(a).all():
            raise FormatError(f"{name}: expected finite numbers, got others")
        found[name] = Source(svd=product_svd(b, a), magnitude=factors.magnitude)
    return found


def source_parameters(lora: Lora) -> int:
    """The numbers that are compressed, which bits per parameter count: magnitudes apart."""
    return sum(factors.a.size + factors.b.size for factors in lora.modules.values())


def total_energy(found: Mapping[str, Source]) -> float:
    """Squared Frobenius norm of all updates together."""
    return sum(source.energy for source in found.values())
