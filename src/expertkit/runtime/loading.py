"""A base model in memory, alone or with an adapter; float32 on the processor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from expertkit.adapters import Lora, encode_config
from expertkit.errors import CompatibilityError

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def load_base(folder: Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Model in evaluation mode and tokenizer of a transformers directory; no code of it is run.

    Raises:
        CompatibilityError: the folder holds no model that transformers can load.
    """
    try:
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, use_safetensors=True)
        tokenizer = AutoTokenizer.from_pretrained(folder)
    except (OSError, ValueError) as error:
        raise CompatibilityError(f"{folder}: expected a causal language model, got {error}") from error
    model.train(mode=False)
    return model, tokenizer


def attach(model: PreTrainedModel, lora: Lora, *, base: str) -> PeftModel:
    """The model with exactly this adapter's values, every tensor of which must find its place.

    Raises:
        CompatibilityError: names or shapes are not those of this base.
    """
    from peft import LoraConfig, get_peft_model

    settings = encode_config(lora, base=base)
    wrapped = get_peft_model(model, LoraConfig(**{key: settings[key] for key in _KEPT}))
    missing = _copy_factors(dict(wrapped.named_parameters()), lora)
    if missing:
        raise CompatibilityError(f"adapter for {base}: expected modules of the base, got {', '.join(sorted(missing))}")
    wrapped.train(mode=False)
    return wrapped


_KEPT = ("r", "lora_alpha", "lora_dropout", "target_modules", "bias", "task_type")


def _copy_factors(parameters: dict[str, torch.nn.Parameter], lora: Lora) -> set[str]:
    """Fill the model's factors; give the names that fit nowhere, and those left unfilled."""
    modules = lora.modules.items()
    wanted = {_parameter(module, half): getattr(factors, half) for module, factors in modules for half in "ab"}
    present = {name for name in parameters if ".lora_" in name}
    odd = wanted.keys() ^ present
    for name in wanted.keys() & present:
        values: Any = torch.from_numpy(wanted[name])
        if parameters[name].shape == values.shape:
            parameters[name].data.copy_(values)
        else:
            odd.add(name)
    return odd


def _parameter(module: str, half: str) -> str:
    return f"base_model.model.{module}.lora_{half.upper()}.default.weight"
