"""A base with an adapter in its weights, as a transformers directory: any program that loads the base loads it.

A file of the base's weights is read, changed and written at a time. Weights keep their type; W' is computed in float32.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from expertkit.adapters import Adapter, Factors, Lora
from expertkit.errors import CompatibilityError
from expertkit.osd.adapter import Array, Module
from expertkit.osd.fusion import fuse

_WEIGHTS = ".safetensors"
_KEPT = {".json", ".jinja", ".txt", ".model", ".md"}
"""Endings of what belongs to a model beside its weights: its settings, its tokenizer and its card."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A base's weights with an adapter in them."""

    bytes: int
    """Of their files."""
    is_rounded: bool
    """Whether some that were merged have fewer bits than float32."""


def write_merged(base: Path, adapter: Adapter, folder: Path) -> Written:
    """Write the base with the adapter in it into an empty folder.

    Args:
        base: a transformers directory of safetensors files.
        adapter: a LoRA or DoRA.
        folder: where to.

    Raises:
        CompatibilityError: it is no LoRA or DoRA, or the base has no such weights.
    """
    if not isinstance(adapter, Lora):
        raise CompatibilityError(f"merge: expected a LoRA or DoRA, got {adapter.kind}, which is no update of a matrix",
                                 hint="expert-cli export --peft")  # fmt: skip
    left = dict(adapter.modules)
    files = [path for path in sorted(base.iterdir()) if path.is_file()]
    written = [_write_file(path, folder / path.name, adapter, left) for path in files if path.suffix == _WEIGHTS]
    if left:
        names = ", ".join(f"{name}.weight" for name in sorted(left))
        raise CompatibilityError(f"merge: expected {names[:400]} in the safetensors files of {base}, got none")
    for path in files:
        if path.suffix in _KEPT or path.name in {"LICENSE", "NOTICE"}:
            shutil.copyfile(path, folder / path.name)
    return Written(bytes=sum(each.bytes for each in written), is_rounded=any(each.is_rounded for each in written))


def _write_file(path: Path, target: Path, adapter: Lora, left: dict[str, Factors]) -> Written:
    """One file of weights; what is merged is no longer ``left``."""
    from safetensors import safe_open
    from safetensors.torch import save_file

    with safe_open(path, framework="pt") as stored:
        metadata = stored.metadata()
        tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118  # it is no mapping
    is_rounded = False
    for name, factors in [(name, factors) for name, factors in left.items() if f"{name}.weight" in tensors]:
        before = tensors[f"{name}.weight"]
        tensors[f"{name}.weight"] = _merge(name, before, factors, scale=adapter.scale(name))
        is_rounded |= before.dtype != torch.float32
        del left[name]
    save_file(tensors, target, metadata=metadata)
    target.chmod(0o644)  # it is made for its owner alone, and nothing of it is secret
    return Written(bytes=target.stat().st_size, is_rounded=is_rounded)


def _merge(name: str, weight: torch.Tensor, factors: Factors, *, scale: float) -> torch.Tensor:
    """W' in the type of W."""
    module = Module(u=_rows(factors.b.T), s=np.full(factors.rank, scale, np.float32), v=_rows(factors.a),
                    magnitude=factors.magnitude)  # fmt: skip
    try:
        fused = fuse(weight.float().numpy(), module, alpha=1.0)
    except CompatibilityError as error:
        raise CompatibilityError(f"{name}: {error}") from error
    return torch.from_numpy(fused).to(weight.dtype)


def _rows(values: Array) -> Array:
    return np.ascontiguousarray(values, np.float32)
