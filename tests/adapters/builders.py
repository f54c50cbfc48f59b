"""Small adapters made in code."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from expertkit.adapters import Adapter, Factors, Ia3, Lora, SoftPrompt
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


def mixed_lora(*, ranks: tuple[int, int] = (4, 2), alpha: float = 8.0, seed: int = 1) -> Lora:
    """The same with a rank of its own for each module; the first is that of the adapter."""
    parts = [random_lora(seed, rank=rank, alpha=alpha) for rank in ranks]
    modules = {name: part.modules[name] for name, part in zip(SHAPES, parts, strict=True)}
    return replace(parts[0], modules=modules)


def random_dora(seed: int = 1, *, rank: int = 4) -> Lora:
    """The same with a positive norm for each row."""
    lora = random_lora(seed, rank=rank)
    numbers = np.random.default_rng(seed + 1)
    modules = {
        name: replace(factors, magnitude=(1 + numbers.random(len(factors.b))).astype(np.float32))
        for name, factors in lora.modules.items()
    }
    return replace(lora, modules=modules)


def random_ia3(seed: int = 1) -> Ia3:
    """Factors for the outputs of q_proj and the inputs of down_proj."""
    numbers = np.random.default_rng(seed)
    (q, (out, _)), (down, (_, width)) = SHAPES.items()
    modules = {q: numbers.random((out, 1), dtype=np.float32), down: numbers.random((1, width), dtype=np.float32)}
    return Ia3(modules=modules, feedforward_modules=("down_proj",))


def random_prompt(seed: int = 1, *, tokens: int = 4, width: int = 6) -> SoftPrompt:
    """Embeddings of a soft prompt for a hidden size of 6."""
    return SoftPrompt(embeddings=np.random.default_rng(seed).standard_normal((tokens, width)).astype(np.float32))


ADAPTERS: dict[str, Adapter] = {
    "lora": random_lora(),
    "lora with stabilized ranks": replace(random_lora(), is_stabilized=True),
    "lora with several ranks": replace(mixed_lora(), alphas={next(iter(SHAPES)): 3.0}),
    "dora": random_dora(),
    "ia3": random_ia3(),
    "prompt": random_prompt(),
}
"""One adapter of each kind."""


def update(lora: Lora, module: str) -> NDArray[np.float64]:
    """The dense update of one module in float64."""
    factors = lora.modules[module]
    dense: NDArray[np.float64] = lora.scale(module) * (factors.b.astype(np.float64) @ factors.a.astype(np.float64))
    return dense


def answer(adapter: Adapter, module: str, weight: NDArray[np.float32], given: NDArray[np.float32]) -> Any:
    """What a linear layer of that weight (out, in) gives with the adapter, by the papers' formulas."""
    if isinstance(adapter, Ia3):
        scale = adapter.modules[module][:, 0] if not adapter.is_feedforward(module) else adapter.modules[module][0]
        return weight @ (given * scale) if adapter.is_feedforward(module) else scale * (weight @ given)
    changed = weight + update(adapter, module)
    magnitude = adapter.modules[module].magnitude
    if magnitude is not None:
        changed = magnitude[:, None] * changed / np.linalg.norm(changed, axis=1, keepdims=True)
    return changed @ given


def matrix(rows: int, columns: int) -> NDArray[np.float32]:
    """Zeros."""
    return np.zeros((rows, columns), dtype=np.float32)
