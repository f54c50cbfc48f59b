"""Answers come back in the order of their prompts, whatever the batches, and as transformers would write them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import Gemma2Config, Gemma2ForCausalLM

from expertkit.runtime.generation import Answer, Decoding, answer_prompts, write_tokens
from expertkit.runtime.loading import load_base

_PROMPTS = ["list price", "count every invoice of the shop", "x", "SELECT price FROM product WHERE"]


def talkative(base: Path) -> tuple[Any, Any]:
    """A model that does not end its answers at once, as an untaught one does: its weights are drawn anew."""
    model, tokenizer = load_base(base)
    return scatter(model), tokenizer


def windowed(base: Path) -> tuple[Any, Any]:
    """One with windows of attention that are shorter than a prompt."""
    _, tokenizer = load_base(base)
    sizes: dict[str, Any] = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "head_dim": 16}
    heads: dict[str, Any] = {"num_attention_heads": 2, "num_key_value_heads": 1, "sliding_window": 4}
    config = Gemma2Config(**sizes, **heads, vocab_size=len(tokenizer))
    return scatter(Gemma2ForCausalLM(config)), tokenizer


def scatter(model: Any) -> Any:
    """Large weights, so that what is likeliest is so by far."""
    torch.manual_seed(1)
    for weights in model.parameters():
        torch.nn.init.normal_(weights, std=0.3)
    return model.eval()


def decoding(tokenizer: Any, *, batch_size: int, end: int | None = None) -> Decoding:
    """Short answers."""
    return Decoding(end=tokenizer.eos_token_id if end is None else end, max_new_tokens=6, batch_size=batch_size)


def test_an_answer_ends_before_its_end(nano_base: Path) -> None:
    """Whichever token that is, special or not; an answer without it is cut."""
    model, tokenizer = load_base(nano_base)
    words = tokenizer.encode("price SELECT name of a b", add_special_tokens=False)[:6]

    def say(_logits: torch.Tensor, answers: Sequence[Answer]) -> list[int]:
        return [words[len(answer.tokens)] for answer in answers]

    for end in (words[1], words[-1], tokenizer.eos_token_id):
        saying = replace(decoding(tokenizer, batch_size=1, end=end), choose=say)
        (answer,) = answer_prompts(model, tokenizer, ["x"], decoding=saying)
        told = words[: words.index(end)] if end in words else words
        assert (answer, bool(told)) == (tokenizer.decode(told), True)


@pytest.mark.parametrize("make", [talkative, windowed])
def test_answers_are_those_of_transformers(nano_base: Path, make: Any) -> None:
    """Each is the one that ``generate`` writes to a prompt alone, in whatever company and whenever it ends."""
    model, tokenizer = make(nano_base)
    endless = write_tokens(model, tokenizer, _PROMPTS, decoding=decoding(tokenizer, batch_size=4, end=-1))
    end = endless[1][2]

    together = write_tokens(model, tokenizer, _PROMPTS, decoding=decoding(tokenizer, batch_size=4, end=end))

    assert together == [generate(model, tokenizer, prompt, end=end) for prompt in _PROMPTS]
    assert together == write_tokens(model, tokenizer, _PROMPTS, decoding=decoding(tokenizer, batch_size=1, end=end))
    assert len({len(tokens) for tokens in together}) > 1


def generate(model: Any, tokenizer: Any, prompt: str, *, end: int) -> list[int]:
    """What transformers writes, without the end token."""
    ids = torch.tensor([tokenizer.encode(prompt, add_special_tokens=False)])
    settings: dict[str, Any] = {"max_new_tokens": 6, "do_sample": False, "eos_token_id": end, "pad_token_id": 0}
    written = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), **settings)
    return [token for token in written[0, ids.shape[1] :].tolist() if token != end]


def test_progress_is_told_batch_by_batch(nano_base: Path) -> None:
    """How many answers are there more."""
    model, tokenizer = load_base(nano_base)
    told: list[int] = []

    answer_prompts(model, tokenizer, _PROMPTS, decoding=decoding(tokenizer, batch_size=3), answered=told.append)

    assert told == [3, 1]


def test_nobody_asked_is_nobody_answered(nano_base: Path) -> None:
    """Data of one's own has no unseen names to ask about."""
    model, tokenizer = load_base(nano_base)

    assert answer_prompts(model, tokenizer, [], decoding=decoding(tokenizer, batch_size=4)) == []
