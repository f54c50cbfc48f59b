"""What is to be known of a compressed adapter, as a whole and module by module (docs/osd.md, section 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from expertkit.adapters.lora import Lora
from expertkit.files import sha256_bytes
from expertkit.osd.adapter import Module, Osd
from expertkit.osd.compression import Compressed
from expertkit.osd.error import best_alpha, inner, spectral_error, squared_error
from expertkit.osd.settings import Settings
from expertkit.osd.source import Source, source_parameters, total_energy


def describe(small: Compressed, source: Lora, sources: Mapping[str, Source]) -> dict[str, Any]:
    """The adapter as a whole, as JSON values."""
    parameters = source_parameters(source)
    settings = small.osd.settings
    return {
        "parameters": parameters,
        "codec": settings.codec,
        "density": round(settings.density, 6),
        "rank": max((module.rank for module in small.osd.modules.values()), default=0),
        "adapter_digest": sha256_bytes(small.data),
        "adapter_bytes": len(small.data),
        "bits_per_parameter": round(8 * len(small.data) / parameters, 4),
        "ratio_to_float16": round(2 * parameters / len(small.data), 3),
        "components": settings.rank,
        "energy_kept": round(_energy(sources, settings.rank), 6),
        "error": {"relative": small.error},
    }


def module_rows(osd: Osd, sources: Mapping[str, Source]) -> list[dict[str, Any]]:
    """What is to be known of each module, by column."""
    return [_row(name, osd.modules[name], source, osd.settings) for name, source in sources.items()]


def csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows of one form as a CSV; numbers to six digits."""
    lines = [",".join(f"{value:.6g}" if isinstance(value, float) else str(value) for value in row.values())
             for row in rows]  # fmt: skip
    return "\n".join([",".join(rows[0]), *lines]) + "\n"


def _energy(sources: Mapping[str, Source], rank: int) -> float:
    """Share of the squared norm of all updates in their first components."""
    total = total_energy(sources)
    return sum(float(each.svd.s[:rank] @ each.svd.s[:rank]) for each in sources.values()) / total if total else 1.0


def _row(name: str, module: Module, source: Source, settings: Settings) -> dict[str, Any]:
    svd, alpha = source.svd, settings.alpha
    largest = float(svd.s[0]) if svd.rank else 1.0
    first = svd.first(settings.rank)
    squares = squared_error(module, source, alpha)
    kept_u, kept_v = module.kept
    return {
        "module": name,
        "out": module.shape[0],
        "in": module.shape[1],
        "source_rank": svd.rank,
        "rank": module.rank,
        "energy": _share(float(first.s @ first.s), source.energy),
        "stable_rank": source.energy / largest**2,
        "kurtosis_u": _kurtosis(svd.u),
        "kurtosis_v": _kurtosis(svd.vt),
        "density_u": int(np.count_nonzero(kept_u)) / max(first.u.size, 1),
        "density_v": int(np.count_nonzero(kept_v)) / max(first.vt.size, 1),
        "error": _share(squares, source.energy) ** 0.5,
        "spectral_error": spectral_error(module, source, alpha) / largest,
        "cosine": _cosine(module, source, squares, alpha),
        "best_alpha": best_alpha(module, source, settings.rank),
    }


def _cosine(module: Module, source: Source, squares: float, alpha: float) -> float:
    """Of the angle between what is added to W and its source, by their lengths and distance; 1 where both are zero."""
    length = max(_squared_length(module, alpha), 0.0)
    both = (length * source.energy) ** 0.5
    return (length + source.energy - squares) / (2 * both) if both else float(length == source.energy)


def _squared_length(module: Module, alpha: float) -> float:
    if module.mask is not None:
        return float(np.sum(module.update(alpha).astype(np.float64) ** 2))
    left, right = (each.astype(np.float64) for each in module.sides(alpha))
    return inner(left, right, left, right)


def _kurtosis(values: NDArray[np.float64]) -> float:
    """Of all entries together: 3 where they are normal, more where few of them carry the weight."""
    squares = (values - values.mean()) ** 2 if values.size else np.zeros(1)
    spread = float(squares.mean())
    return float((squares**2).mean()) / spread**2 if spread else 3.0


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
