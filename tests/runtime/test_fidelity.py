"""A merge or an export that says the same passes; one that does not is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from expertkit.adapters import Adapter, Factors, Lora, encode_config, encode_tensors
from expertkit.errors import CompatibilityError, IntegrityError
from expertkit.osd import Settings
from expertkit.osd.fusion import merged
from expertkit.runtime.fidelity import TOLERANCE, check_exported, check_merged
from tests.adapters.builders import random_prompt
from tests.osd.test_fusion import compressed, tiny_adapter, tiny_weights

_BASE = Path("models/qwen3-tiny")
_KINDS = ["lora", "dora"]
_SETTINGS = Settings(rank=8, codec="int8", density=0.4, alpha=0.3)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> None:
    """In models so small, several only wait for each other."""
    torch.set_num_threads(1)


def write(folder: Path, adapter: Adapter) -> Path:
    """A PEFT directory."""
    (folder / "adapter_model.safetensors").write_bytes(encode_tensors(adapter))
    (folder / "adapter_config.json").write_text(json.dumps(encode_config(adapter, base="qwen3-tiny")))
    return folder


@pytest.mark.parametrize("kind", _KINDS)
def test_merged_weights_say_what_the_adapter_says(kind: str) -> None:
    """Up to rounding, a tenth of what is let pass; on texts of one's own too."""
    osd = compressed(kind, _SETTINGS)

    for prompts in ((), ("list price", "count every invoice")):
        found = check_merged(_BASE, osd.to_lora(), merged(osd, tiny_weights().__getitem__), prompts=prompts)
        assert 0 < found.difference < TOLERANCE / 3
        assert found.agreement == 1.0
    assert 2 <= found.places < 20


@pytest.mark.parametrize("kind", [*_KINDS, "prompt"])
def test_an_export_says_what_the_adapter_says(tmp_path: Path, kind: str) -> None:
    """As PEFT loads it, also after a soft prompt."""
    adapter = random_prompt(tokens=3, width=128) if kind == "prompt" else tiny_adapter(kind)

    found = check_exported(_BASE, adapter, write(tmp_path, adapter))

    assert found.difference < 1e-6
    assert found.places > 100


def test_a_weight_that_was_left_out_is_found() -> None:
    """One of all layers; also one to which an update was added twice, and one that is not a number."""
    osd = compressed("lora", _SETTINGS)
    fused: dict[str, Any] = dict(merged(osd, tiny_weights().__getitem__))
    name = max(fused)
    twice = 2 * fused[name] - tiny_weights()[name]

    for wrong in (tiny_weights()[name], twice, np.full_like(twice, np.nan)):
        with pytest.raises(IntegrityError, match=r"merged weights: expected the adapter's logits within 0\.0001"):
            check_merged(_BASE, osd.to_lora(), {**fused, name: wrong}.items())


def test_another_export_is_found(tmp_path: Path) -> None:
    """One number of another size; a tensor by a name that PEFT leaves out; a file that it cannot read."""
    lora = tiny_adapter("lora")
    name, factors = next(iter(lora.modules.items()))
    changed = Factors(a=factors.a * np.float32(1.1), b=factors.b)
    other = Lora(modules={**lora.modules, name: changed}, rank=lora.rank, alpha=lora.alpha)
    write(tmp_path, other)

    with pytest.raises(IntegrityError, match=str(tmp_path)):
        check_exported(_BASE, lora, tmp_path)
    (tmp_path / "adapter_model.safetensors").write_bytes(encode_tensors(lora).replace(b"layers.0.", b"layers.9."))
    with pytest.raises(IntegrityError, match="of the likeliest tokens are the same"):
        check_exported(_BASE, lora, tmp_path)
    (tmp_path / "adapter_model.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(IntegrityError, match="expected an adapter that peft loads"):
        check_exported(_BASE, lora, tmp_path)


def test_weights_of_another_base_are_refused_by_name() -> None:
    """One that is not there, and one of another shape."""
    lora = tiny_adapter("lora")

    for name, shape in (("model.layers.99.x", (2, 2)), ("model.layers.0.self_attn.q_proj", (2, 2))):
        with pytest.raises(CompatibilityError, match=name):
            check_merged(_BASE, lora, [(name, np.zeros(shape, np.float32))])


def test_as_much_may_differ_as_is_allowed() -> None:
    """Weights that were rounded to 8 bits of mantissa need more than rounding of float32."""
    osd = compressed("lora", _SETTINGS)
    rounded = [(name, fused.view(np.uint32) & np.uint32(0xFFFF0000)) for name, fused in
               merged(osd, tiny_weights().__getitem__)]  # fmt: skip

    found = check_merged(_BASE, osd.to_lora(), [(n, w.view(np.float32)) for n, w in rounded], tolerance=1.0)

    assert TOLERANCE < found.difference < 1
