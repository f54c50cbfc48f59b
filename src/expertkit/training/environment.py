"""What decides, besides recipe, data and base, which bytes a training gives: for a package's provenance."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import Any

import torch

_LIBRARIES = ("accelerate", "numpy", "peft", "safetensors", "tokenizers", "torch", "transformers")


def describe_environment(*, threads: int) -> dict[str, Any]:
    """Libraries, processor and threads; no time, host or duration."""
    return {
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in _LIBRARIES},
        "system": platform.system(),
        "machine": platform.machine(),
        "processor_features": torch.backends.cpu.get_cpu_capability(),
        "accelerator": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "threads": threads,
    }
