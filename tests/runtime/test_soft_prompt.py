"""A soft prompt is read before every text, as PEFT reads it, whatever a row is filled up or packed with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from peft import PeftModel

from expertkit.adapters import encode_config, encode_tensors
from expertkit.data.templates import TEMPLATES
from expertkit.errors import CompatibilityError
from expertkit.evaluation.general import measure_general, write_passages
from expertkit.runtime.generation import write_tokens
from expertkit.runtime.loading import attach, load_base
from expertkit.runtime.soft_prompt import SoftPrompted, prefix_of, virtual_ids
from expertkit.training.rows import IGNORED, Padding, encode_row, pack
from tests.adapters.builders import random_prompt
from tests.runtime.test_generation import decoding, generate, talkative

_PROMPTS = ["list price", "count every invoice of the shop", "x", "SELECT price FROM product WHERE"]
_PROMPT = random_prompt(tokens=5, width=32)


def test_answers_are_those_that_peft_would_write(nano_base: Path, tmp_path: Path) -> None:
    """Each prompt alone through PEFT's own model and ``generate``; ours side by side."""
    (tmp_path / "adapter_model.safetensors").write_bytes(encode_tensors(_PROMPT))
    (tmp_path / "adapter_config.json").write_text(json.dumps(encode_config(_PROMPT, base="nano")))
    theirs, tokenizer = talkative(nano_base)
    theirs = PeftModel.from_pretrained(theirs, str(tmp_path))
    wrapped = attach(talkative(nano_base)[0], _PROMPT, base="nano")

    ours = write_tokens(wrapped, tokenizer, _PROMPTS, decoding=decoding(tokenizer, batch_size=4, end=-1))
    alone = write_tokens(
        talkative(nano_base)[0], tokenizer, _PROMPTS, decoding=decoding(tokenizer, batch_size=4, end=-1)
    )

    assert ours == [generate(theirs, tokenizer, prompt, end=-1) for prompt in _PROMPTS]
    assert ours != alone


def test_packed_rows_are_each_read_after_the_prompt(nano_base: Path) -> None:
    """The loss of rows that share one is that of the same rows by themselves."""
    model, tokenizer = load_base(nano_base)
    wrapped = attach(model, _PROMPT, base="nano")
    rows = [
        encode_row(tokenizer, prompt=text, completion=" price of a thing", prefix=prefix_of(wrapped))
        for text in _PROMPTS
    ]
    (packed,) = pack(rows, 300)
    padding = Padding(tokenizer.pad_token_id)

    with torch.inference_mode():
        together = wrapped(**padding([packed])).loss
        alone = wrapped(**padding(rows)).loss

    assert rows[0]["labels"][:5] == [IGNORED] * 5
    assert torch.allclose(together, alone, atol=1e-5)


def test_the_state_is_what_was_learnt(nano_base: Path) -> None:
    """Not the base; taking it back misses nothing."""
    wrapped = attach(load_base(nano_base)[0], _PROMPT, base="nano")
    other = attach(load_base(nano_base)[0], random_prompt(2, tokens=5, width=32), base="nano")
    assert isinstance(wrapped, SoftPrompted)

    missing = other.load_state_dict(wrapped.state_dict(), strict=False)

    assert [name for name, weights in wrapped.named_parameters() if weights.requires_grad] == ["prompt_embeddings"]
    assert list(wrapped.state_dict()) == ["prompt_embeddings"]
    assert (missing.missing_keys, missing.unexpected_keys) == ([], [])
    assert torch.equal(other.state_dict()["prompt_embeddings"], torch.from_numpy(_PROMPT.embeddings))


def test_what_it_costs_the_base_is_measured(nano_base: Path) -> None:
    """On what the base wrote, with the prompt before it."""
    model, tokenizer = load_base(nano_base)
    passages = write_passages(model, tokenizer, TEMPLATES["chatml"])[:9]

    found = measure_general(attach(model, _PROMPT, base="nano"), passages)

    assert found.increase > 0
    assert found.base_loss == pytest.approx(found.expert_loss - found.increase)


def test_a_prompt_of_another_width_is_refused(nano_base: Path) -> None:
    """It was made for another base."""
    with pytest.raises(CompatibilityError, match="expected a soft prompt 32 wide, got 6"):
        attach(load_base(nano_base)[0], random_prompt(), base="nano")


def test_learnt_tokens_have_no_id_of_a_vocabulary() -> None:
    """In their order."""
    assert virtual_ids(3) == [-1, -2, -3]
    assert prefix_of(object()) == []
