"""What decides, besides recipe, data and base, which bytes a training gives: on record beside what it made."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import torch

from expertkit.instructions import chosen_instructions, deciding_maker

_LIBRARIES = ("accelerate", "numpy", "peft", "safetensors", "tokenizers", "torch", "transformers")


def describe_environment(*, threads: int) -> dict[str, Any]:
    """Libraries, processor and threads; no time, host or duration."""
    return {
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in _LIBRARIES},
        "system": platform.system(),
        "machine": platform.machine(),
        "processor_features": torch.backends.cpu.get_cpu_capability(),
        "instructions": chosen_instructions(os.environ),
        "processor_maker": deciding_maker(os.environ),
        "accelerator": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "threads": threads,
    }


def differences(recorded: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """What differs between two environments, as ``torch 2.13.0, here 2.14.0``."""
    before, now = _flat(recorded), _flat(here)
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return [f"{name} {before.get(name)}, here {now.get(name)}" for name in names]


def _flat(environment: Mapping[str, Any]) -> dict[str, Any]:
    """One level, each value under its own name."""
    flat: dict[str, Any] = {}
    for name, value in environment.items():
        flat |= value if isinstance(value, Mapping) else {name: value}
    return flat
