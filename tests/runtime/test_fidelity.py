"""A merge or an export that says the same passes; one that does not is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from expertkit.adapters import Adapter, Factors, Lora, encode_config, encode_tensors
from expertkit.errors import IntegrityError
from expertkit.runtime.fidelity import check_exported
from tests.adapters.builders import random_prompt
from tests.osd.test_fusion import tiny_adapter

_BASE = Path("models/qwen3-tiny")
_KINDS = ["lora", "dora"]


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> None:
    """In models so small, several only wait for each other."""
    torch.set_num_threads(1)


def write(folder: Path, adapter: Adapter) -> Path:
    """A PEFT directory."""
    (folder / "adapter_model.safetensors").write_bytes(encode_tensors(adapter))
    (folder / "adapter_config.json").write_text(json.dumps(encode_config(adapter, base="qwen3-tiny")))
    return folder


@pytest.mark.parametrize("kind", [*_KINDS, "prompt"])
def test_an_export_says_what_the_adapter_says(tmp_path: Path, kind: str) -> None:
    """As PEFT loads it, also after a soft prompt."""
    adapter = random_prompt(tokens=3, width=128) if kind == "prompt" else tiny_adapter(kind)

    found = check_exported(_BASE, adapter, write(tmp_path, adapter))

    assert found.difference < 1e-6
    assert found.places > 100


def test_another_export_is_found(tmp_path: Path) -> None:
    """One number of another size; a tensor by a name that PEFT leaves out; a file that it cannot read."""
    lora = tiny_adapter("lora")
    name, factors = next(iter(lora.modules.items()))
    changed = Factors(a=factors.a * np.float32(1.1), b=factors.b)
    other = Lora(modules={**lora.modules, name: changed}, rank=lora.rank, alpha=lora.alpha)
    write(tmp_path, other)

    with pytest.raises(IntegrityError, match="export: expected the adapter's logits"):
        check_exported(_BASE, lora, tmp_path)
    (tmp_path / "adapter_model.safetensors").write_bytes(encode_tensors(lora).replace(b"layers.0.", b"layers.9."))
    with pytest.raises(IntegrityError, match="of the likeliest tokens are the same"):
        check_exported(_BASE, lora, tmp_path)
    (tmp_path / "adapter_model.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(IntegrityError, match="expected an adapter that peft loads"):
        check_exported(_BASE, lora, tmp_path)
