"""LoRA and DoRA adapters as values.

The update of a module's weight W (out, in) is ``scale * B @ A`` with ``A`` (rank, in), ``B`` (out, rank) and
``scale = alpha / rank``, or ``alpha / sqrt(rank)`` where ranks are stabilized (rsLoRA, arXiv 2312.03732). DoRA
(arXiv 2402.09353) then gives each row of ``W + scale * B @ A`` a learnt norm. Arrays are float32 whatever their
dtype on disk: float16 and bfloat16 values are float32 values too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from expertkit.adapters.dtypes import DType

Array = NDArray[np.float32]

MAX_RANK = 1024


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Factors:
    """What is learnt of one module."""

    a: Array
    """(rank, in_features)"""
    b: Array
    """(out_features, rank)"""
    magnitude: Array | None = None
    """(out_features,): the norms of the rows in DoRA; None in LoRA."""

    def __post_init__(self) -> None:
        for name, array in (("a", self.a), ("b", self.b)):
            if array.dtype != np.float32 or array.ndim != 2:
                raise ValueError(f"{name}: expected a float32 matrix, got {array.dtype} of shape {array.shape}")
        if self.a.shape[0] != self.b.shape[1]:
            raise ValueError(f"rank: expected the same in both, got {self.a.shape[0]} in a, {self.b.shape[1]} in b")
        if not 1 <= self.rank <= MAX_RANK:
            raise ValueError(f"rank: expected 1..{MAX_RANK}, got {self.rank}")
        if self.magnitude is not None and self.magnitude.shape != self.b.shape[:1]:
            raise ValueError(f"magnitude: expected shape {self.b.shape[:1]}, got {self.magnitude.shape}")

    @property
    def rank(self) -> int:
        """Inner dimension of ``B @ A``."""
        return int(self.a.shape[0])

    @property
    def shape(self) -> tuple[int, int]:
        """(out_features, in_features) of the module it changes."""
        return int(self.b.shape[0]), int(self.a.shape[1])

    @property
    def parameters(self) -> int:
        """How many numbers are learnt."""
        return self.a.size + self.b.size + (0 if self.magnitude is None else self.magnitude.size)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lora:
    """An adapter: the factors of every module it changes."""

    modules: Mapping[str, Factors]
    """Module path, such as ``model.layers.0.self_attn.q_proj``, to factors."""
    rank: int
    """Of the modules that have no rank of their own."""
    alpha: float
    """What the scale of a module is made of, where ``alphas`` has no other."""
    alphas: Mapping[str, float] = field(default_factory=dict)
    """Module path to an alpha of its own."""
    is_stabilized: bool = False
    """Whether alpha is divided by the square root of the rank."""
    dropout: float = 0.0
    """Share of inputs dropped in training; without effect afterwards."""
    dtype: DType = "float32"
    """How the values are stored."""

    def __post_init__(self) -> None:
        if not self.modules:
            raise ValueError("expected modules, got none")
        if len({factors.magnitude is None for factors in self.modules.values()}) > 1:
            raise ValueError("magnitude: expected one in every module or in none")

    @property
    def kind(self) -> Literal["lora", "dora"]:
        """What it is called in manifests."""
        return "lora" if next(iter(self.modules.values())).magnitude is None else "dora"

    @property
    def largest_rank(self) -> int:
        """Of all modules."""
        return max(factors.rank for factors in self.modules.values())

    @property
    def target_modules(self) -> list[str]:
        """Sorted last parts of the module paths, as PEFT names them."""
        return leaves(self.modules)

    @property
    def parameters(self) -> int:
        """How many numbers are learnt."""
        return sum(factors.parameters for factors in self.modules.values())

    def scale(self, module: str) -> float:
        """What ``B @ A`` of a module is multiplied by."""
        rank = self.modules[module].rank
        return self.alphas.get(module, self.alpha) / (math.sqrt(rank) if self.is_stabilized else rank)

    def fits(self, module: str, shape: tuple[int, int]) -> bool:
        """Whether a module of that shape (out_features, in_features) can have these factors."""
        return self.modules[module].shape == shape


def leaves(modules: Mapping[str, object]) -> list[str]:
    """Sorted last parts of module paths."""
    return sorted({name.rpartition(".")[2] for name in modules})
