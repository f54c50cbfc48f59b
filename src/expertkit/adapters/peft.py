"""PEFT's two files: ``adapter_model.safetensors`` and ``adapter_config.json``, whatever the kind of adapter.

``adapter_config.json`` holds what peft needs to rebuild the adapter, with the base model's name in place of a path,
so that the same adapter gives the same bytes everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from expertkit.adapters import ia3_files, lora_files, soft_prompt_files, tensors
from expertkit.adapters.dtypes import DType
from expertkit.adapters.ia3 import Ia3
from expertkit.adapters.lora import Lora, leaves
from expertkit.adapters.soft_prompt import SoftPrompt
from expertkit.adapters.tensors import Shape
from expertkit.errors import FormatError

Adapter = Lora | Ia3 | SoftPrompt

TENSORS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"


def to_tensors(adapter: Adapter) -> dict[str, NDArray[np.float32]]:
    """The adapter's arrays under the names that peft gives them."""
    named: dict[str, NDArray[np.float32]] = _FILES[type(adapter)].to_tensors(adapter)
    return named


def encode_tensors(adapter: Adapter) -> bytes:
    """Bytes of ``adapter_model.safetensors``: equal adapters give equal bytes.

    Raises:
        ValueError: a value is not finite, or too large for the adapter's dtype.
    """
    return tensors.encode(to_tensors(adapter), adapter.dtype)


def encode_config(adapter: Adapter, *, base: str) -> dict[str, Any]:
    """Content of ``adapter_config.json``, keys sorted; ``base`` is a base model's name, never a path."""
    return dict(sorted({**_FILES[type(adapter)].to_config(adapter), "base_model_name_or_path": base}.items()))


def decode(data: bytes, config: Mapping[str, Any]) -> Adapter:
    """The adapter in the bytes of ``adapter_model.safetensors`` and the content of ``adapter_config.json``.

    Raises:
        FormatError: a file is malformed, the two disagree, or a setting is not supported.
    """
    named, dtype = tensors.decode(data)
    return assemble(named, config, dtype=dtype)


def assemble(named: Mapping[str, NDArray[np.float32]], config: Mapping[str, Any], *, dtype: DType) -> Adapter:
    """The adapter that arrays under peft's names are, with the content of ``adapter_config.json``.

    Raises:
        FormatError: the two disagree, or a setting is not supported.
    """
    check_config({name: values.shape for name, values in named.items()}, config)
    adapter: Adapter = _files(named).assemble(named, config, dtype=dtype)
    return adapter


def check_config(shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> None:
    """Return if the content of an ``adapter_config.json`` is about tensors of these names and shapes.

    Raises:
        FormatError: the two disagree, or a setting is not supported.
    """
    files = _files(shapes)
    if config.get("peft_type") != files.PEFT_TYPE:
        got = config.get("peft_type")
        raise FormatError(f"{CONFIG}, peft_type: expected {files.PEFT_TYPE!r}, as its tensors are, got {got!r}")
    files.read_settings(shapes, config)


_FILES: dict[type, ModuleType] = {Lora: lora_files, Ia3: ia3_files, SoftPrompt: soft_prompt_files}


def _files(named: Mapping[str, object]) -> ModuleType:
    """The module that knows the names and settings of the kind that tensors of these names are."""
    others = (files for files in (ia3_files, soft_prompt_files) if any(map(files.is_name, named)))
    return next(others, lora_files)


def learnt(
    named: Mapping[str, NDArray[np.float32]], *, rank: int | None = None, alpha: float | None = None,
    is_stabilized: bool = False, dropout: float = 0.0, feedforward_modules: tuple[str, ...] = (),
) -> Adapter:  # fmt: skip
    """What a training learnt, from arrays under peft's names and the settings that it was told.

    Raises:
        FormatError: the arrays are no adapter.
        ValueError: the settings are not those of the adapter's kind.
    """
    files = _files(named)
    if files is soft_prompt_files:
        return SoftPrompt(embeddings=named[soft_prompt_files.NAME])
    if files is ia3_files:
        return Ia3(modules=ia3_files.group(named), feedforward_modules=tuple(sorted(feedforward_modules)))
    if rank is None or alpha is None:
        raise ValueError("expected rank and alpha of a LoRA, got none")
    modules = lora_files.to_modules(named)
    return Lora(modules=modules, rank=rank, alpha=alpha, is_stabilized=is_stabilized, dropout=dropout)


def describe(shapes: Mapping[str, Shape]) -> str:
    """What the adapter is whose tensors have these names and shapes: its kind, largest rank and modules, or tokens.

    Raises:
        FormatError: they are none of ours.
    """
    files = _files(shapes)
    if files is soft_prompt_files:
        return describe_as("prompt", tokens=soft_prompt_files.read_shape(shapes)[0])
    if files is ia3_files:
        return describe_as("ia3", modules=leaves(ia3_files.group(shapes)))
    kind, ranks = lora_files.ranks(shapes)
    return describe_as(kind, rank=max(ranks.values()), modules=leaves(ranks))


def describe_as(kind: str, *, rank: int | None = None, modules: Sequence[str] = (), tokens: int | None = None) -> str:
    """The same of an adapter that is known by what a manifest says."""
    if tokens is not None:
        return f"{kind} of {tokens} tokens"
    names = ", ".join(sorted(set(modules)))
    return f"{kind} on {names}" if rank is None else f"{kind} of rank {rank} on {names}"
