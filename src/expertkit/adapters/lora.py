"""A LoRA adapter as values.

The update of a module's weight W (out, in) is ``scale * B @ A`` with ``A`` (rank, in), ``B`` (out, rank)
and ``scale = alpha / rank``. Arrays are float32 whatever their dtype on disk: float16 and bfloat16
values are float32 values too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from expertkit.adapters.dtypes import DType

Array = NDArray[np.float32]

MAX_RANK = 1024


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Factors:
    """The two matrices of one module."""

    a: Array
    """(rank, in_features)"""
    b: Array
    """(out_features, rank)"""

    def __post_init__(self) -> None:
        for name, array in (("a", self.a), ("b", self.b)):
            if array.dtype != np.float32 or array.ndim != 2:
                raise ValueError(f"{name}: expected a float32 matrix, got {array.dtype} of shape {array.shape}")
        if self.a.shape[0] != self.b.shape[1]:
            raise ValueError(f"rank: expected the same in both, got {self.a.shape[0]} in a, {self.b.shape[1]} in b")

    @property
    def rank(self) -> int:
        """Inner dimension of ``B @ A``."""
        return int(self.a.shape[0])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lora:
    """An adapter: the factors of every module it changes."""

    rank: int
    alpha: float
    """The update is scaled by ``alpha / rank``."""
    modules: Mapping[str, Factors]
    """Module path, such as ``model.layers.0.self_attn.q_proj``, to factors."""
    dropout: float = 0.0
    """Share of inputs dropped in training; without effect afterwards."""
    dtype: DType = "float32"
    """How the values are stored."""

    def __post_init__(self) -> None:
        if not 1 <= self.rank <= MAX_RANK or not self.modules:
            raise ValueError(f"expected modules of rank 1..{MAX_RANK}, got {len(self.modules)} of rank {self.rank}")
        for name, factors in self.modules.items():
            if factors.rank != self.rank:
                raise ValueError(f"{name}: expected rank {self.rank}, got {factors.rank}")

    @property
    def scale(self) -> float:
        """What ``B @ A`` is multiplied by."""
        return self.alpha / self.rank

    @property
    def target_modules(self) -> list[str]:
        """Sorted last parts of the module paths, as PEFT names them."""
        return sorted({name.rsplit(".", 1)[-1] for name in self.modules})
