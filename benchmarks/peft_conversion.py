"""PEFT's own conversion of an adapter to a LoRA of fewer components, ``peft.convert_to_lora``, as a rival.

PEFT decomposes each dense update in float32 and keeps a fixed rank, or as many components as have a share of the
energy. What it gives is written in float16 as the other baselines write theirs: PEFT's own file repeats a name of a
hundred bytes for every tensor, which on a small base would be most of it.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping

import numpy as np
import torch
from peft import LoraConfig, PeftModel, convert_to_lora, set_peft_model_state_dict
from torch import nn

from expertkit.adapters import encode_config, to_tensors
from expertkit.adapters.lora import Lora
from expertkit.baselines import truncation
from expertkit.baselines.largest import largest
from expertkit.baselines.original import Original, Pair

RANK, ENERGY = "peft, fixed rank", "peft, share of energy"
_STEPS = 1000
"""Of the share of energy."""
_PREFIX = "base_model.model."


def files(original: Original, budget: int) -> Iterator[tuple[str, bytes]]:
    """A file of each way, by name; none of a DoRA, which PEFT does not convert.

    Its own rounding may give a share of energy one component more or less than ours, and so miss the budget.
    """
    if original.lora.kind != "lora":
        return
    model = as_model(original.lora)
    rank = largest(range(1, original.rank + 1), lambda rank: len(truncation.encode(original, rank)) <= budget)
    if rank is not None:
        yield RANK, truncation.encode_pairs(original, convert(model, rank), rank=rank)
    shares = [step / _STEPS for step in range(1, _STEPS)]
    share = largest(shares, lambda share: len(truncation.encode(original, _ranks(original, share))) <= budget)
    if share is not None:
        yield ENERGY, truncation.encode_pairs(original, convert(model, share), rank=f"by energy {share:g}")


def as_model(lora: Lora) -> PeftModel:
    """The adapter in PEFT, on modules of zeros."""
    base = nn.Module()
    for name, factors in lora.modules.items():
        *above, leaf = name.split(".")
        parent = base
        for part in above:
            if not hasattr(parent, part):
                parent.add_module(part, nn.Module())
            parent = parent.get_submodule(part)
        out, width = factors.shape
        parent.add_module(leaf, nn.Linear(width, out, bias=False))
    content = {**encode_config(lora, base="zeros"), "target_modules": list(lora.modules), "task_type": None}
    model = PeftModel(base, LoraConfig(**{name: value for name, value in content.items() if value is not None}))
    set_peft_model_state_dict(model, {name: torch.from_numpy(values) for name, values in to_tensors(lora).items()})
    return model


def convert(model: PeftModel, rank: float) -> dict[str, Pair]:
    """What PEFT makes of it, by module: a whole number is a rank, any other one a share of the energy."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # PEFT says that it is a LoRA already
        _config, tensors = convert_to_lora(model, rank)
    arrays = {name.removeprefix(_PREFIX): tensor.numpy().astype(np.float64) for name, tensor in tensors.items()}
    names = sorted({name.rpartition(".lora_")[0] for name in arrays})
    return {name: Pair(left=arrays[f"{name}.lora_B.weight"].T, right=arrays[f"{name}.lora_A.weight"]) for name in names}


def _ranks(original: Original, share: float) -> Mapping[str, int]:
    """As PEFT chooses them: the fewest components that have the share."""
    return {
        name: int(np.searchsorted(np.cumsum(source.svd.s**2), share * source.energy)) + 1
        for name, source in original.sources.items()
    }
