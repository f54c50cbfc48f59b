"""A base model in memory, alone or with an adapter; float32 on the processor."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils.logging import disable_progress_bar

from expertkit.adapters import Adapter, Ia3, SoftPrompt, encode_config, to_tensors
from expertkit.errors import CompatibilityError
from expertkit.runtime.soft_prompt import SoftPrompted

if TYPE_CHECKING:
    from peft import PeftConfig, PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    Attached = PeftModel | SoftPrompted


def load_base(folder: Path, *, attention: str | None = None) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Model in evaluation mode and tokenizer of a transformers directory; no code of it is run.

    Args:
        folder: the directory.
        attention: which of transformers' implementations of attention computes; by default its own choice.

    Raises:
        CompatibilityError: the folder holds no model that transformers can load.
    """
    disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        model = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, use_safetensors=True, attn_implementation=attention
        )
    except (OSError, ValueError) as error:
        raise CompatibilityError(f"{folder}: expected a causal language model, got {error}") from error
    model.train(mode=False)
    return model, load_tokenizer(folder)


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """The tokenizer of a transformers directory alone.

    Raises:
        CompatibilityError: the folder holds none that transformers can load.
    """
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder)
    except (OSError, ValueError) as error:
        raise CompatibilityError(f"{folder}: expected a causal language model, got {error}") from error
    return tokenizer


def attach(model: PreTrainedModel, adapter: Adapter, *, base: str) -> Attached:
    """The model with exactly this adapter's values, every tensor of which must find its place.

    Raises:
        CompatibilityError: names or shapes are not those of this base.
    """
    if isinstance(adapter, SoftPrompt):
        return _prompted(model, adapter, base=base)
    from peft import get_peft_model

    try:
        with _quiet():
            wrapped = get_peft_model(model, peft_config(adapter, base=base))
    except ValueError as error:  # of none of the adapter's modules
        raise CompatibilityError(f"adapter for {base}: expected modules of the base, got {error}") from error
    odd = _copy_values(dict(wrapped.named_parameters()), adapter)
    if odd:
        raise CompatibilityError(f"adapter for {base}: expected modules of the base, got {', '.join(sorted(odd))}")
    wrapped.train(mode=False)
    return wrapped


@contextmanager
def attached(model: PreTrainedModel, adapter: Adapter, *, base: str) -> Iterator[Attached]:
    """The model with an adapter, for a while; then it is as it was. Fails like ``attach``."""
    wrapped: Any = attach(model, adapter, base=base)
    try:
        yield wrapped
    finally:
        wrapped.unload()


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what libraries say of names that they chose themselves, and of each other."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The PEFT config's `base_model_name_or_path` was renamed")
        warnings.filterwarnings("ignore", message="`is_gradient_checkpointing` is deprecated", category=FutureWarning)
        yield


def _prompted(model: PreTrainedModel, prompt: SoftPrompt, *, base: str) -> SoftPrompted:
    embeddings: Any = model.get_input_embeddings()
    width = embeddings.weight.shape[1]
    if prompt.embeddings.shape[1] != width:
        got = prompt.embeddings.shape[1]
        raise CompatibilityError(f"adapter for {base}: expected a soft prompt {width} wide, got {got}")
    wrapped = SoftPrompted(model, torch.from_numpy(prompt.embeddings.copy()))
    wrapped.train(mode=False)
    return wrapped


def peft_config(adapter: Adapter, *, base: str) -> PeftConfig:
    """PEFT's settings, built from values that were checked and never from a file."""
    from peft import IA3Config, LoraConfig

    kind = IA3Config if isinstance(adapter, Ia3) else LoraConfig
    settings = encode_config(adapter, base=base)
    del settings["auto_mapping"], settings["peft_type"], settings["inference_mode"]
    return kind(**settings)


def _copy_values(parameters: dict[str, torch.nn.Parameter], adapter: Adapter) -> set[str]:
    """Fill in the adapter's values; give the names that fit nowhere, and those left unfilled."""
    wanted = {_parameter(name): values for name, values in to_tensors(adapter).items()}
    odd = wanted.keys() ^ {name for name in parameters if _LEARNT.search(name)}
    for name in wanted.keys() & parameters.keys():
        values: Any = torch.from_numpy(wanted[name])
        if parameters[name].shape == values.shape:
            parameters[name].data.copy_(values)
        else:
            odd.add(name)
    return odd


_LEARNT = re.compile(r"\.(lora_|ia3_l)")


def _parameter(name: str) -> str:
    """The name of a tensor's parameter in a model whose one adapter is called ``default``."""
    if name.endswith("lora_magnitude_vector"):
        return f"{name}.default.weight"
    return f"{name.removesuffix('.weight')}.default{'.weight' if name.endswith('.weight') else ''}"
