"""An adapter on its base: the values that were packed, in the places they belong to, or an error."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from peft import PeftModel

from expertkit.adapters import Adapter, Factors, Ia3, Lora, encode_config, encode_tensors
from expertkit.errors import CompatibilityError
from expertkit.runtime.loading import attach, attached, load_base
from expertkit.runtime.soft_prompt import prefix_of
from tests.adapters.builders import random_prompt


def _lora(*, width: int = 32, layers: int = 2) -> Lora:
    numbers = np.random.default_rng(0)
    modules = {
        f"model.layers.{layer}.self_attn.q_proj": Factors(
            a=numbers.normal(size=(4, width)).astype(np.float32), b=numbers.normal(size=(64, 4)).astype(np.float32)
        )
        for layer in range(layers)
    }
    return Lora(rank=4, alpha=8, modules=modules)


def _kinds() -> dict[str, Adapter]:
    lora = _lora()
    magnitude = np.linspace(0.5, 1.5, 64, dtype=np.float32)
    normed = {name: replace(factors, magnitude=magnitude) for name, factors in lora.modules.items()}
    own = {name: replace(each, a=each.a[:2], b=each.b[:, :2]) for name, each in list(lora.modules.items())[:1]}
    scales = {
        "model.layers.0.self_attn.q_proj": magnitude[:, None],
        "model.layers.0.mlp.down_proj": np.full((1, 64), 1.5, dtype=np.float32),
        "model.layers.1.self_attn.q_proj": magnitude[:, None],
        "model.layers.1.mlp.down_proj": np.full((1, 64), 0.5, dtype=np.float32),
    }
    return {
        "lora": lora,
        "stabilized, several ranks": replace(lora, modules=lora.modules | own, is_stabilized=True),
        "dora": replace(lora, modules=normed),
        "ia3": Ia3(modules=scales, feedforward_modules=("down_proj",)),
        "prompt": random_prompt(tokens=5, width=32),
    }


@pytest.mark.parametrize("kind", _kinds())
def test_an_attached_adapter_is_the_one_peft_would_load(nano_base: Path, tmp_path: Path, kind: str) -> None:
    """The same logits as PEFT's own loading of the two files, and others than the base's."""
    adapter, tokens = _kinds()[kind], torch.tensor([[5, 6, 7]])
    (tmp_path / "adapter_model.safetensors").write_bytes(encode_tensors(adapter))
    (tmp_path / "adapter_config.json").write_text(json.dumps(encode_config(adapter, base="nano")))

    wrapped = attach(load_base(nano_base)[0], adapter, base="nano")
    ours = wrapped(input_ids=_with_prefix(wrapped, tokens)).logits
    theirs = PeftModel.from_pretrained(load_base(nano_base)[0], str(tmp_path))(input_ids=tokens).logits

    assert torch.equal(ours, theirs)
    assert not torch.allclose(ours[:, -3:], load_base(nano_base)[0](input_ids=tokens).logits)


def _with_prefix(model: object, ids: torch.Tensor) -> torch.Tensor:
    return torch.cat([torch.tensor([prefix_of(model)], dtype=ids.dtype), ids], dim=1)


def test_an_adapter_changes_the_answer(nano_base: Path) -> None:
    """An adapter that is loaded but without effect would go unnoticed."""
    tokens = torch.tensor([[5, 6, 7]])

    base = load_base(nano_base)[0](input_ids=tokens).logits
    expert = attach(load_base(nano_base)[0], _lora(), base="nano")(input_ids=tokens).logits

    assert not torch.allclose(base, expert)


@pytest.mark.parametrize("lora", [_lora(width=16), _lora(layers=3), _lora(layers=1)], ids=["shape", "extra", "missing"])
def test_an_adapter_of_another_base_is_refused_by_name(nano_base: Path, lora: Lora) -> None:
    """No tensor is left out silently, and none of the base's places stays empty."""
    with pytest.raises(CompatibilityError, match="q_proj"):
        attach(load_base(nano_base)[0], lora, base="nano")


def test_a_folder_without_a_model_is_one_clear_error(tmp_path: Path) -> None:
    """Exit status 4, naming the folder."""
    with pytest.raises(CompatibilityError, match=str(tmp_path)):
        load_base(tmp_path)


@pytest.mark.parametrize("kind", _kinds())
def test_a_base_is_itself_again_after_an_adapter(nano_base: Path, kind: str) -> None:
    """It answers as before, to the last bit, and takes another one."""
    model, _ = load_base(nano_base)
    ids = torch.tensor([[5, 6, 7]])
    with torch.inference_mode():
        before = model(ids).logits

        for adapter in (_kinds()[kind], _lora()):
            with attached(model, adapter, base="nano") as wrapped:
                read = wrapped(_with_prefix(wrapped, ids)).logits
                assert not torch.equal(read[:, -3:], before)
                with wrapped.disable_adapter():
                    assert torch.equal(wrapped(ids).logits, before)
            assert torch.equal(model(ids).logits, before)
