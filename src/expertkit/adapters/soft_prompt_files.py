"""Soft prompts in PEFT's names and settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from expertkit.adapters.dtypes import DType
from expertkit.adapters.settings import check_fixed, describe_as
from expertkit.adapters.soft_prompt import MAX_TOKENS, SoftPrompt
from expertkit.adapters.tensors import Shape
from expertkit.errors import FormatError

NAME = "prompt_embeddings"
PEFT_TYPE = "PROMPT_TUNING"

_FIXED: dict[str, Any] = {
    "auto_mapping": None,
    "inference_mode": True,
    "num_transformer_submodules": 1,
    "peft_type": PEFT_TYPE,
    "prompt_tuning_init": "RANDOM",  # what the embeddings began as is over once they are there
    "revision": None,
    "task_type": "CAUSAL_LM",
}
"""Settings that each change what the tensor means, and the only value of each that is supported."""


def is_name(name: str) -> bool:
    """Whether a tensor of that name is a soft prompt."""
    return name == NAME


def fits(_name: str, shape: Shape, modules: Mapping[str, tuple[int, int]]) -> bool:
    """Whether the embeddings are as wide as what some module reads; shapes are (out_features, in_features)."""
    return len(shape) == 2 and shape[1] in {width for _out, width in modules.values()}


def to_tensors(prompt: SoftPrompt) -> dict[str, NDArray[np.float32]]:
    """The embeddings under peft's name."""
    return {NAME: prompt.embeddings}


def to_config(prompt: SoftPrompt) -> dict[str, Any]:
    """The settings of peft's PromptTuningConfig."""
    tokens, width = prompt.embeddings.shape
    return {**_FIXED, "num_virtual_tokens": tokens, "token_dim": width}


def assemble(named: Mapping[str, NDArray[np.float32]], config: Mapping[str, Any], *, dtype: DType) -> SoftPrompt:
    """The adapter that array and settings are together.

    Raises:
        FormatError: they disagree, or a setting is not supported.
    """
    read_settings({name: values.shape for name, values in named.items()}, config)
    return SoftPrompt(embeddings=named[NAME], dtype=dtype)


def read_settings(shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> None:
    """Return if the settings are about a soft prompt of this shape.

    Raises:
        FormatError: they disagree, or a setting is not supported.
    """
    check_fixed(config, _FIXED)
    tokens, width = read_shape(shapes)
    for key, expected in (("num_virtual_tokens", tokens), ("token_dim", width)):
        if config.get(key) != expected:
            raise FormatError(f"adapter_config.json, {key}: expected {expected}, got {config.get(key)!r}")


def describe(shapes: Mapping[str, Shape]) -> str:
    """What the adapter of these tensors is, in words.

    Raises:
        FormatError: they are none of ours.
    """
    return describe_as("prompt", tokens=read_shape(shapes)[0])


def read_shape(shapes: Mapping[str, Shape]) -> tuple[int, int]:
    """Tokens and hidden size of the one tensor that there must be.

    Raises:
        FormatError: there are others, or it is no matrix of at most 512 rows.
    """
    shape = shapes.get(NAME, ())
    if len(shapes) != 1 or len(shape) != 2 or not 1 <= shape[0] <= MAX_TOKENS:
        got = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise FormatError(f"adapter: expected {NAME} of 1..{MAX_TOKENS} tokens alone, got {got}")
    return shape[0], shape[1]
