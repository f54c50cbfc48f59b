"""LoRA and DoRA in PEFT's names and settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from expertkit.adapters.dtypes import DType
from expertkit.adapters.lora import MAX_RANK, Factors, Lora, leaves
from expertkit.adapters.settings import check_fixed, check_number, check_patterns, check_targets, describe_as
from expertkit.adapters.tensors import Shape
from expertkit.errors import FormatError

T = TypeVar("T")

_NAME = re.compile(
    r"base_model\.model\.(?P<module>[A-Za-z0-9_.]+)\.lora_(?P<part>A|B|magnitude_vector)(?P<weight>\.weight)?"
)
PEFT_TYPE = "LORA"

_FIXED: dict[str, Any] = {
    "auto_mapping": None,
    "bias": "none",
    "fan_in_fan_out": False,
    "inference_mode": True,
    "init_lora_weights": True,
    "layers_pattern": None,
    "layers_to_transform": None,
    "modules_to_save": None,
    "peft_type": PEFT_TYPE,
    "revision": None,
    "task_type": "CAUSAL_LM",
}
"""Settings that each change what the tensors mean, and the only value of each that is supported."""


def to_tensors(lora: Lora) -> dict[str, NDArray[np.float32]]:
    """The arrays under peft's names."""
    named: dict[str, NDArray[np.float32]] = {}
    for module, factors in lora.modules.items():
        start = f"base_model.model.{module}.lora_"
        named |= {f"{start}A.weight": factors.a, f"{start}B.weight": factors.b}
        if factors.magnitude is not None:
            named[f"{start}magnitude_vector"] = factors.magnitude
    return named


def to_config(lora: Lora) -> dict[str, Any]:
    """The settings of peft's LoraConfig."""
    own = {name: factors.rank for name, factors in sorted(lora.modules.items()) if factors.rank != lora.rank}
    return {
        **_FIXED,
        "alpha_pattern": {name: _whole(alpha) for name, alpha in sorted(lora.alphas.items())},
        "lora_alpha": _whole(lora.alpha),
        "lora_dropout": lora.dropout,
        "r": lora.rank,
        "rank_pattern": own,
        "target_modules": lora.target_modules,
        "use_dora": lora.kind == "dora",
        "use_rslora": lora.is_stabilized,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings that differ from adapter to adapter."""

    rank: int
    alpha: float
    alphas: Mapping[str, float]
    is_stabilized: bool
    dropout: float


def assemble(named: Mapping[str, NDArray[np.float32]], config: Mapping[str, Any], *, dtype: DType) -> Lora:
    """The adapter that arrays and settings are together.

    Raises:
        FormatError: they disagree, or a setting is not supported.
    """
    read = read_settings({name: values.shape for name, values in named.items()}, config)
    return Lora(
        modules=to_modules(named), rank=read.rank, alpha=read.alpha, alphas=read.alphas,
        is_stabilized=read.is_stabilized, dropout=read.dropout, dtype=dtype,
    )  # fmt: skip


def read_settings(shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Settings:
    """The settings of an adapter whose tensors have these names and shapes.

    Raises:
        FormatError: they disagree, or a setting is not supported.
    """
    check_fixed(config, _FIXED)
    rank = int(check_number(config, "r", low=1, high=MAX_RANK, is_whole=True))
    alpha = check_number(config, "lora_alpha", low=1e-6, high=1e6)
    dropout = check_number({"lora_dropout": 0, **config}, "lora_dropout", low=0, high=0.999)
    kind, found = ranks(shapes)
    if config.get("use_dora", False) is not (kind == "dora"):
        raise FormatError(f"adapter: expected use_dora to be {kind == 'dora'}, as its tensors are, got the contrary")
    own = check_patterns(config, "rank_pattern", found)
    for module, each in found.items():
        if each != own.get(module, rank):
            raise FormatError(f"adapter, {module}: expected rank {own.get(module, rank)}, got {each}")
    alphas = check_patterns(config, "alpha_pattern", found)
    is_stabilized = bool(config.get("use_rslora", False))
    check_targets(config, leaves(found))
    return Settings(rank=rank, alpha=alpha, alphas=alphas, is_stabilized=is_stabilized, dropout=dropout)


def describe(shapes: Mapping[str, Shape]) -> str:
    """What the adapter of these tensors is, in words.

    Raises:
        FormatError: they are none of ours.
    """
    kind, found = ranks(shapes)
    return describe_as(kind, rank=max(found.values()), modules=leaves(found))


def fits(name: str, shape: Shape, modules: Mapping[str, tuple[int, int]]) -> bool:
    """Whether a tensor belongs on a base with modules of these shapes (out_features, in_features)."""
    found = _NAME.fullmatch(name)
    out, width = modules.get(found["module"], (0, 0)) if found else (0, 0)
    match found and found["part"]:
        case "A":
            return len(shape) == 2 and shape[1] == width
        case "B":
            return len(shape) == 2 and shape[0] == out
        case _:
            return shape == (out,)


def to_modules(named: Mapping[str, NDArray[np.float32]]) -> dict[str, Factors]:
    """The factors of each module, from arrays under peft's names."""
    return {
        module: Factors(a=parts["A"], b=parts["B"], magnitude=parts.get("magnitude_vector"))
        for module, parts in group(named).items()
    }


def ranks(shapes: Mapping[str, Shape]) -> tuple[Literal["lora", "dora"], dict[str, int]]:
    """The kind, and module path to rank, from the names and shapes of an adapter's tensors.

    Raises:
        FormatError: a tensor has another name, lacks its other half, or two differ in rank or rows.
    """
    modules = group(shapes)
    kinds = {"magnitude_vector" in parts for parts in modules.values()}
    if len(kinds) > 1:
        raise FormatError("adapter: expected a vector of magnitudes in every module or in none")
    return "dora" if kinds == {True} else "lora", {name: _rank(name, parts) for name, parts in modules.items()}


def group(named: Mapping[str, T]) -> dict[str, dict[str, T]]:
    """What stands for A, B and the magnitudes, by module, in the order of the modules' names."""
    modules: dict[str, dict[str, T]] = {}
    for name, value in named.items():
        match = _NAME.fullmatch(name)
        if not match or (match["part"] in "AB" and not match["weight"]):
            raise FormatError(f"adapter, tensor {name!r}: expected <module>.lora_A.weight, .lora_B.weight and the like")
        modules.setdefault(match["module"], {})[match["part"]] = value
    return dict(sorted(modules.items()))


def _rank(module: str, shapes: Mapping[str, Shape]) -> int:
    if not {"A", "B"} <= shapes.keys():
        raise FormatError(f"adapter, {module}: expected lora_A and lora_B, got only {', '.join(sorted(shapes))}")
    a, b = shapes["A"], shapes["B"]
    if len(a) != 2 or len(b) != 2 or a[0] != b[1] or not 1 <= a[0] <= MAX_RANK:
        raise FormatError(f"adapter, {module}: expected two matrices of one rank in 1..{MAX_RANK}, got shapes {a}, {b}")
    if shapes.get("magnitude_vector", b[:1]) != b[:1]:
        raise FormatError(f"adapter, {module}: expected {b[0]} magnitudes, got shape {shapes['magnitude_vector']}")
    return a[0]


def _whole(number: float) -> int | float:
    return int(number) if number == int(number) else number
