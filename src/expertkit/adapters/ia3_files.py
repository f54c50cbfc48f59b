"""IA3 in PEFT's names and settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from expertkit.adapters.dtypes import DType
from expertkit.adapters.ia3 import Ia3
from expertkit.adapters.lora import leaves
from expertkit.adapters.settings import check_fixed, check_targets, describe_as
from expertkit.adapters.tensors import Shape
from expertkit.errors import FormatError

T = TypeVar("T")

_NAME = re.compile(r"base_model\.model\.(?P<module>[A-Za-z0-9_.]+)\.ia3_l")
PEFT_TYPE = "IA3"

_FIXED: dict[str, Any] = {
    "auto_mapping": None,
    "exclude_modules": None,
    "fan_in_fan_out": False,
    "inference_mode": True,
    "init_ia3_weights": True,
    "modules_to_save": None,
    "peft_type": PEFT_TYPE,
    "revision": None,
    "task_type": "CAUSAL_LM",
}
"""Settings that each change what the tensors mean, and the only value of each that is supported."""


def is_name(name: str) -> bool:
    """Whether a tensor of that name is part of an IA3 adapter."""
    return _NAME.fullmatch(name) is not None


def fits(name: str, shape: Shape, modules: Mapping[str, tuple[int, int]]) -> bool:
    """Whether a tensor belongs on a base with modules of these shapes (out_features, in_features)."""
    found = _NAME.fullmatch(name)
    out, width = modules.get(found["module"], (0, 0)) if found else (0, 0)
    return shape in {(out, 1), (1, width)}


def to_tensors(ia3: Ia3) -> dict[str, NDArray[np.float32]]:
    """The arrays under peft's names."""
    return {f"base_model.model.{module}.ia3_l": values for module, values in ia3.modules.items()}


def to_config(ia3: Ia3) -> dict[str, Any]:
    """The settings of peft's IA3Config."""
    return {
        **_FIXED,
        "feedforward_modules": list(ia3.feedforward_modules),
        "target_modules": ia3.target_modules,
    }


def assemble(named: Mapping[str, NDArray[np.float32]], config: Mapping[str, Any], *, dtype: DType) -> Ia3:
    """The adapter that arrays and settings are together.

    Raises:
        FormatError: they disagree, or a setting is not supported.
    """
    feedforward = read_settings({name: values.shape for name, values in named.items()}, config)
    return Ia3(modules=group(named), feedforward_modules=feedforward, dtype=dtype)


def read_settings(shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> tuple[str, ...]:
    """The feed-forward modules of an adapter whose tensors have these names and shapes, sorted.

    Raises:
        FormatError: they disagree, or a setting is not supported.
    """
    check_fixed(config, _FIXED)
    modules = group(shapes)
    feedforward = config.get("feedforward_modules")
    if not isinstance(feedforward, list) or not set(map(str, feedforward)) <= set(leaves(modules)):
        raise FormatError(f"adapter_config.json, feedforward_modules: expected modules of it, got {feedforward!r}")
    for name, shape in modules.items():
        axis = 0 if name.rpartition(".")[2] in feedforward else 1
        if len(shape) != 2 or shape[axis] != 1:
            raise FormatError(f"adapter, {name}: expected one {('row', 'column')[axis]}, got shape {shape}")
    check_targets(config, leaves(modules))
    return tuple(sorted(feedforward))


def describe(shapes: Mapping[str, Shape]) -> str:
    """What the adapter of these tensors is, in words.

    Raises:
        FormatError: they are none of ours.
    """
    return describe_as("ia3", modules=leaves(group(shapes)))


def group(named: Mapping[str, T]) -> dict[str, T]:
    """What stands for the factors, by module, in the order of the modules' names.

    Raises:
        FormatError: a tensor has another name.
    """
    modules: dict[str, T] = {}
    for name, value in named.items():
        match = _NAME.fullmatch(name)
        if not match:
            raise FormatError(f"adapter, tensor {name!r}: expected <module>.ia3_l")
        modules[match["module"]] = value
    return dict(sorted(modules.items()))
