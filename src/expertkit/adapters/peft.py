"""PEFT's two files: ``adapter_model.safetensors`` and ``adapter_config.json``.

``adapter_config.json`` holds what peft's LoraConfig needs to rebuild the adapter, with the base
model's name in place of a path, so that the same adapter gives the same bytes everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeGuard, TypeVar

import numpy as np
from numpy.typing import NDArray

from expertkit.adapters import tensors
from expertkit.adapters.lora import MAX_RANK, Factors, Lora
from expertkit.adapters.tensors import Shape
from expertkit.errors import FormatError

T = TypeVar("T")

TENSORS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"

_PREFIX = "base_model.model."
_NAME = re.compile(r"base_model\.model\.(?P<module>[A-Za-z0-9_.]+)\.lora_(?P<factor>[AB])\.weight")
_FIXED: dict[str, Any] = {
    "auto_mapping": None,
    "bias": "none",
    "fan_in_fan_out": False,
    "inference_mode": True,
    "init_lora_weights": True,
    "layers_pattern": None,
    "layers_to_transform": None,
    "modules_to_save": None,
    "peft_type": "LORA",
    "rank_pattern": {},
    "alpha_pattern": {},
    "revision": None,
    "task_type": "CAUSAL_LM",
    "use_dora": False,
    "use_rslora": False,
}
"""Settings that each change what the tensors mean, and the only value of each that is supported."""


def encode_tensors(lora: Lora) -> bytes:
    """Bytes of ``adapter_model.safetensors``: equal adapters give equal bytes.

    Raises:
        ValueError: a value is not finite, or too large for the adapter's dtype.
    """
    named: dict[str, NDArray[np.float32]] = {}
    for module, factors in lora.modules.items():
        named[f"{_PREFIX}{module}.lora_A.weight"] = factors.a
        named[f"{_PREFIX}{module}.lora_B.weight"] = factors.b
    return tensors.encode(named, lora.dtype)


def encode_config(lora: Lora, *, base: str) -> dict[str, Any]:
    """Content of ``adapter_config.json``, keys sorted; ``base`` is a base model's name, never a path."""
    own = {
        "base_model_name_or_path": base,
        "lora_alpha": int(lora.alpha) if lora.alpha == int(lora.alpha) else lora.alpha,
        "lora_dropout": lora.dropout,
        "r": lora.rank,
        "target_modules": lora.target_modules,
    }
    return dict(sorted({**_FIXED, **own}.items()))


def decode(data: bytes, config: Mapping[str, Any]) -> Lora:
    """The adapter in the bytes of ``adapter_model.safetensors`` and the content of ``adapter_config.json``.

    Raises:
        FormatError: a file is malformed, the two disagree, or a setting is not supported.
    """
    rank, alpha = _check_config(config)
    named, dtype = tensors.decode(data)
    for module, found in ranks({name: values.shape for name, values in named.items()}).items():
        if found != rank:
            raise FormatError(f"adapter, {module}: expected rank {rank}, got {found}")
    modules = {module: Factors(a=half["A"], b=half["B"]) for module, half in _pair(named).items()}
    lora = Lora(rank=rank, alpha=alpha, dropout=float(config.get("lora_dropout", 0)), dtype=dtype, modules=modules)
    if lora.target_modules != config.get("target_modules"):
        expected = ", ".join(lora.target_modules)
        raise FormatError(f"{CONFIG}, target_modules: expected {expected}, got {config.get('target_modules')!r}")
    return lora


def ranks(shapes: Mapping[str, Shape]) -> dict[str, int]:
    """Module path to rank, from the names and shapes of an adapter's tensors.

    Raises:
        FormatError: a tensor has another name, lacks its other half, or the two differ in rank.
    """
    return {module: _rank(module, half) for module, half in _pair(shapes).items()}


def _check_config(config: Mapping[str, Any]) -> tuple[int, float]:
    """Rank and alpha, when every other setting is one we support."""
    for key, expected in _FIXED.items():
        if key not in {"inference_mode", "revision"} and config.get(key, expected) != expected:
            raise FormatError(f"{CONFIG}, {key}: expected {expected!r}, got {config[key]!r}")
    rank, alpha, dropout = config.get("r"), config.get("lora_alpha"), config.get("lora_dropout", 0)
    if type(rank) is not int or not 1 <= rank <= MAX_RANK:
        raise FormatError(f"{CONFIG}, r: expected a whole number in 1..{MAX_RANK}, got {rank!r}")
    if not _is_number(alpha) or not 0 < alpha < 1e6:
        raise FormatError(f"{CONFIG}, lora_alpha: expected a number above 0, got {alpha!r}")
    if not _is_number(dropout) or not 0 <= dropout < 1:
        raise FormatError(f"{CONFIG}, lora_dropout: expected a number in [0, 1), got {dropout!r}")
    return rank, float(alpha)


def _is_number(value: object) -> TypeGuard[int | float]:
    return type(value) in {int, float}


def _pair(named: Mapping[str, T]) -> dict[str, dict[str, T]]:
    """What stands for the two factors, by module, in the order of the modules' names."""
    halves: dict[str, dict[str, T]] = {}
    for name, half in named.items():
        match = _NAME.fullmatch(name)
        if not match:
            raise FormatError(f"adapter, tensor {name!r}: expected <module>.lora_A.weight or .lora_B.weight")
        halves.setdefault(match["module"], {})[match["factor"]] = half
    return dict(sorted(halves.items()))


def _rank(module: str, shapes: Mapping[str, Shape]) -> int:
    if shapes.keys() != {"A", "B"}:
        raise FormatError(f"adapter, {module}: expected lora_A and lora_B, got only lora_{''.join(shapes)}")
    if len(shapes["A"]) != 2 or len(shapes["B"]) != 2 or shapes["A"][0] != shapes["B"][1]:
        raise FormatError(
            f"adapter, {module}: expected two matrices of one rank, got shapes {shapes['A']} and {shapes['B']}"
        )
    return shapes["A"][0]
