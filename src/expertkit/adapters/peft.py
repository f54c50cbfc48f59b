"""PEFT's two files: ``adapter_model.safetensors`` and ``adapter_config.json``, whatever the kind of adapter.

``adapter_config.json`` holds what peft needs to rebuild the adapter, with the base model's name in place of a path,
so that the same adapter gives the same bytes everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from expertkit.adapters import ia3_files, lora_files, soft_prompt_files, tensors
from expertkit.adapters.dtypes import DType
from expertkit.adapters.ia3 import Ia3
from expertkit.adapters.lora import Lora
from expertkit.adapters.soft_prompt import SoftPrompt
from expertkit.adapters.tensors import Shape
from expertkit.errors import FormatError

Adapter = Lora | Ia3 | SoftPrompt

TENSORS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"


def to_tensors(adapter: Adapter) -> dict[str, NDArray[np.float32]]:
    """The adapter's arrays under the names that peft gives them."""
    return _FILES[type(adapter)].to_tensors(adapter)


def encode_tensors(adapter: Adapter) -> bytes:
    """Bytes of ``adapter_model.safetensors``: equal adapters give equal bytes.

    Raises:
        ValueError: a value is not finite, or too large for the adapter's dtype.
    """
    return tensors.encode(to_tensors(adapter), adapter.dtype)


def encode_config(adapter: Adapter, *, base: str) -> dict[str, Any]:
    """Content of ``adapter_config.json``, keys sorted; ``base`` is a base model's name, never a path."""
    return dict(sorted({**_FILES[type(adapter)].to_config(adapter), "base_model_name_or_path": base}.items()))


def decode(data: tensors.Data, config: Mapping[str, Any]) -> Adapter:
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
    return _FILES[_kind(named)].assemble(named, config, dtype=dtype)


def check_config(shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> None:
    """Return if the content of an ``adapter_config.json`` is about tensors of these names and shapes.

    Raises:
        FormatError: the two disagree, or a setting is not supported.
    """
    files = _FILES[_kind(shapes)]
    if config.get("peft_type") != files.PEFT_TYPE:
        got = config.get("peft_type")
        raise FormatError(f"{CONFIG}, peft_type: expected {files.PEFT_TYPE!r}, as its tensors are, got {got!r}")
    files.read_settings(shapes, config)


class _Files(Protocol):
    """What a module knows of the names and settings of a kind of adapter."""

    PEFT_TYPE: str

    def to_tensors(self, adapter: Any, /) -> dict[str, NDArray[np.float32]]:
        """The arrays under peft's names."""

    def to_config(self, adapter: Any, /) -> dict[str, Any]:
        """The settings of peft's config."""

    def assemble(self, named: Mapping[str, NDArray[np.float32]], config: Mapping[str, Any], *, dtype: DType) -> Adapter:
        """The adapter that arrays and settings are together."""

    def read_settings(self, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> object:
        """The settings of tensors of these names and shapes, which have to agree."""

    def describe(self, shapes: Mapping[str, Shape]) -> str:
        """What the adapter of these tensors is, in words."""

    def fits(self, name: str, shape: Shape, modules: Mapping[str, tuple[int, int]]) -> bool:
        """Whether a tensor belongs on a base with modules of these shapes (out_features, in_features)."""


_FILES: dict[type[Adapter], _Files] = {Lora: lora_files, Ia3: ia3_files, SoftPrompt: soft_prompt_files}


def _kind(named: Iterable[str]) -> type[Adapter]:
    """What tensors of these names are."""
    names = list(named)
    if any(map(ia3_files.is_name, names)):
        return Ia3
    return SoftPrompt if any(map(soft_prompt_files.is_name, names)) else Lora


def learnt(
    named: Mapping[str, NDArray[np.float32]], *, rank: int | None = None, alpha: float | None = None,
    is_stabilized: bool = False, dropout: float = 0.0, feedforward_modules: tuple[str, ...] = (),
) -> Adapter:  # fmt: skip
    """What a training learnt, from arrays under peft's names and the settings that it was told.

    Raises:
        FormatError: the arrays are no adapter.
        ValueError: the settings are not those of the adapter's kind.
    """
    kind = _kind(named)
    if kind is SoftPrompt:
        return SoftPrompt(embeddings=named[soft_prompt_files.NAME])
    if kind is Ia3:
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
    return _FILES[_kind(shapes)].describe(shapes)


def unfit(shapes: Mapping[str, Shape], modules: Mapping[str, tuple[int, int]]) -> list[str]:
    """The tensors of an adapter, or of a part of one, that do not belong on a base; see ``_Files.fits``."""
    files = _FILES[_kind(shapes)]
    return [f"{name} {shape}" for name, shape in shapes.items() if not files.fits(name, shape, modules)]
