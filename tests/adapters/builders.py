"""Small adapters made in code."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from expertkit.adapters import Factors, Lora
from expertkit.adapters.dtypes import DType

SHAPES = {"model.layers.0.self_attn.q_proj": (8, 6), "model.layers.0.mlp.down_proj": (6, 12)}
"""Module path to (out_features, in_features)."""


def random_lora(seed: int = 1, *, rank: int = 4, alpha: float = 8.0, dtype: DType = "float32") -> Lora:
    """An adapter for ``SHAPES`` with normally distributed entries."""
    numbers = np.random.default_rng(seed)
    modules = {
        name: Factors(
            a=numbers.standard_normal((rank, width)).astype(np.float32),
            b=numbers.standard_normal((out, rank)).astype(np.float32),
        )
        for name, (out, width) in SHAPES.items()
    }
    return Lora(rank=rank, alpha=alpha, dropout=0.05, modules=modules, dtype=dtype)


def update(lora: Lora, module: str) -> NDArray[np.float64]:
    """The dense update of one module in float64."""
    factors = lora.modules[module]
    dense: NDArray[np.float64] = lora.scale * (factors.b.astype(np.float64) @ factors.a.astype(np.float64))
    return dense


def matrix(rows: int, columns: int) -> NDArray[np.float32]:
    """Zeros."""
    return np.zeros((rows, columns), dtype=np.float32)
