"""IA3 in PEFT's names and settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from expertkit.adapters.dtypes import DType
from expertkit.adapters.ia3 import Ia3
from expertkit.adapters.settings import check_fixed
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
    check_fixed(config, _FIXED)
    feedforward = config.get("feedforward_modules")
    if not isinstance(feedforward, list) or not all(isinstance(name, str) for name in feedforward):
        raise FormatError(f"adapter_config.json, feedforward_modules: expected a list of names, got {feedforward!r}")
    try:
        return Ia3(modules=group(named), feedforward_modules=tuple(sorted(feedforward)), dtype=dtype)
    except ValueError as error:
        raise FormatError(f"adapter: {error}") from error


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
