"""Small adapters to compress, and every way to compress them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from expertkit.adapters import Factors, Lora
from expertkit.osd import Module, Osd, Settings, Source, compress, fit, sources

SHAPES = {"layers.0.q_proj": (8, 6), "layers.1.down_proj": (6, 12)}
"""Module path to (out_features, in_features)."""

WAYS: dict[str, Settings] = {
    **{f"{codec} {form}": Settings(rank=3, codec=codec, density=0.4, indices=form)
       for codec in ("f32", "f16", "int8") for form in ("csr", "bitmap", "rice")},
    "f16 auto": Settings(rank=3, density=0.4),
    "f16 dense": Settings(rank=3, score="mag"),
    "f16 blended": Settings(rank=3, density=0.4, alpha=0.25),
    "int8 blended csr": Settings(rank=3, codec="int8", density=0.4, alpha=0.25, indices="csr"),
    "f16 delta": Settings(rank=3, density=0.2, space="delta"),
    "f32 delta csr": Settings(rank=3, codec="f32", density=0.2, space="delta", alpha=0.5, indices="csr"),
    "rdq": Settings(rank=3, codec="rdq"),
}  # fmt: skip
"""One of each codec, each form of indices and each space."""


def heavy_lora(
    seed: int, *, rank: int = 3, shapes: Mapping[str, tuple[int, int]] = SHAPES, has_magnitudes: bool = False
) -> Lora:
    """An adapter with heavy tails, as trained ones have them."""
    rng = np.random.default_rng(seed)
    modules = {
        name: Factors(
            a=rng.standard_t(3, (rank, width)).astype(np.float32),
            b=(rng.standard_t(3, (out, rank)) * 0.7 ** np.arange(rank)).astype(np.float32),
            magnitude=(1 + rng.random(out)).astype(np.float32) if has_magnitudes else None,
        )
        for name, (out, width) in shapes.items()
    }
    return Lora(modules=modules, rank=rank, alpha=2.0 * rank)


def heavy_sources(
    seed: int, *, rank: int = 3, shapes: Mapping[str, tuple[int, int]] = SHAPES, has_magnitudes: bool = False
) -> dict[str, Source]:
    """The components of such an adapter."""
    return sources(heavy_lora(seed, rank=rank, shapes=shapes, has_magnitudes=has_magnitudes))


def compressed(way: str, *, seed: int = 1, budget: int = 500, has_magnitudes: bool = False) -> tuple[Osd, bytes]:
    """A small adapter compressed in one of ``WAYS``, and its file."""
    found = heavy_sources(seed, has_magnitudes=has_magnitudes)
    settings = WAYS[way]
    small = fit(found, settings, budget=budget) if settings.codec == "rdq" else compress(found, settings)
    return small.osd, small.data


def updates(found: Mapping[str, Source]) -> dict[str, NDArray[np.float64]]:
    """The dense updates that are compressed."""
    return {name: (source.svd.u * source.svd.s) @ source.svd.vt for name, source in found.items()}


def dense_error(osd: Osd, found: Mapping[str, Source]) -> float:
    """The relative error, with every update formed."""
    wanted = updates(found)
    squares = sum(float(np.sum((wanted[name] - update) ** 2)) for name, update in osd.updates())
    return float(np.sqrt(squares / sum(float(np.sum(each**2)) for each in wanted.values())))


def is_same(first: Osd, second: Osd) -> bool:
    """Whether two adapters agree in every bit."""
    return (
        first.settings == second.settings
        and [*first.modules] == [*second.modules]
        and all(_parts(one) == _parts(second.modules[name]) for name, one in first.modules.items())
    )


def _parts(module: Module) -> list[tuple[object, ...] | None]:
    arrays = [module.u, module.s, module.v, module.magnitude, module.mask, *(module.masks or ())]
    return [None if each is None else (each.shape, each.dtype.str, each.tobytes()) for each in arrays]
