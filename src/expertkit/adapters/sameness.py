"""Whether two adapters change a base alike, however their numbers are spelled; and whether they are one."""

from __future__ import annotations

import numpy as np

from expertkit.adapters.ia3 import Ia3
from expertkit.adapters.lora import Array, Factors, Lora
from expertkit.adapters.peft import Adapter, encode_config, encode_tensors
from expertkit.adapters.soft_prompt import SoftPrompt
from expertkit.adapters.svd import distance, promised_error, wide
from expertkit.files import canonical_json, sha256_bytes


def identity(adapter: Adapter) -> str:
    """What an adapter is, whatever it is called: its numbers, and the scales that its config has; hex SHA-256."""
    numbers, config = encode_tensors(adapter), encode_config(adapter, base="")
    return sha256_bytes(canonical_json([sha256_bytes(numbers), config]))


def is_same(first: Adapter, second: Adapter) -> bool:
    """Whether both change the same modules by the same update, but for what float32 rounds; or are the same prompt."""
    match first, second:
        case SoftPrompt(), SoftPrompt():
            return np.array_equal(first.embeddings, second.embeddings)
        case Lora(), Lora() if first.modules.keys() == second.modules.keys():
            return all(_is_same_update(first, second, name) for name in first.modules)
        case Ia3(), Ia3() if first.modules.keys() == second.modules.keys():
            return all(np.array_equal(values, second.modules[name]) for name, values in first.modules.items())
        case _:
            return False


def _is_same_update(first: Lora, second: Lora, name: str) -> bool:
    one, other = first.modules[name], second.modules[name]
    if one.shape != other.shape or not np.array_equal(_magnitude(one), _magnitude(other)):
        return False
    update = wide(one, scale=first.scale(name))
    nothing = np.zeros((one.shape[0], 1)), np.zeros((1, one.shape[1]))
    apart = distance(update, wide(other, scale=second.scale(name)))
    return apart <= promised_error("float32", rank=max(one.rank, other.rank)) * distance(update, nothing)


def _magnitude(factors: Factors) -> Array:
    """The magnitudes of a module, of which a LoRA has none."""
    return np.zeros(0, dtype=np.float32) if factors.magnitude is None else factors.magnitude
