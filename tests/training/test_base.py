"""Embedded bases: rebuilt they are the same, and any tool of the field loads them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from expertkit import bases
from expertkit.training.base import build_base
from tests.conftest import NANO


def test_the_same_settings_give_the_same_fingerprint(nano_base: Path, tmp_path: Path) -> None:
    """`make bases` can prove that the base in git is the one the code makes."""
    build_base(NANO, tmp_path / "again", scratch=tmp_path / "scratch", measure=lambda _step, _values: None)

    assert bases.fingerprint(tmp_path / "again") == bases.fingerprint(nano_base)


def test_another_seed_gives_another_fingerprint(nano_base: Path, tmp_path: Path) -> None:
    """The fingerprint tells weights apart."""
    other = replace(NANO, seed=4)

    build_base(other, tmp_path / "other", scratch=tmp_path / "scratch", measure=lambda _step, _values: None)

    assert bases.fingerprint(tmp_path / "other") != bases.fingerprint(nano_base)


def test_transformers_loads_it_as_any_other_model(nano_base: Path) -> None:
    """bfloat16 weights, a Qwen3 config, and a chat template that renders what our renderer renders."""
    model = AutoModelForCausalLM.from_pretrained(nano_base)
    tokenizer = AutoTokenizer.from_pretrained(nano_base)
    chat = tokenizer.apply_chat_template(
        [{"role": "user", "content": "hi"}], tokenize=False, add_generation_prompt=True
    )

    assert model.dtype == torch.bfloat16
    assert json.loads((nano_base / "config.json").read_bytes())["model_type"] == "qwen3"
    assert chat == "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n"
    assert tokenizer.convert_ids_to_tokens(tokenizer.eos_token_id) == "<|im_end|>"


def test_training_tells_its_loss(tmp_path: Path) -> None:
    """The builder reports each logged step."""
    told: list[int] = []

    build_base(NANO, tmp_path / "base", scratch=tmp_path / "scratch", measure=lambda step, _values: told.append(step))

    assert told == [10]
