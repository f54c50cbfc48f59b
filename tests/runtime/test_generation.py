"""Answers come back in the order of their prompts, whatever the batches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from expertkit.runtime.generation import Decoding, answer_prompts
from expertkit.runtime.loading import load_base

_PROMPTS = ["list price", "count every invoice of the shop", "x", "SELECT price FROM product WHERE"]


def decoding(tokenizer: Any, *, batch_size: int, end: int | None = None) -> Decoding:
    """Short answers."""
    return Decoding(end=tokenizer.eos_token_id if end is None else end, max_new_tokens=6, batch_size=batch_size)


def test_an_answer_ends_before_its_end(nano_base: Path) -> None:
    """Whichever token that is, special or not; nothing of what only fills up a batch is told."""
    model, tokenizer = load_base(nano_base)
    words = tokenizer.encode("price SELECT name", add_special_tokens=False)
    model.generate = lambda **given: torch.cat(  # type: ignore[method-assign]
        [given["input_ids"], torch.tensor([words] * len(given["input_ids"]))], dim=1
    )

    for end in (words[1], words[-1], tokenizer.eos_token_id):
        (answer,) = answer_prompts(model, tokenizer, ["x"], decoding=decoding(tokenizer, batch_size=1, end=end))
        told = words[: words.index(end)] if end in words else words
        assert (answer, bool(told)) == (tokenizer.decode(told), True)


def test_batches_do_not_change_the_answers(nano_base: Path) -> None:
    """Padding on the left is masked out, so a prompt's company does not matter."""
    model, tokenizer = load_base(nano_base)

    together = answer_prompts(model, tokenizer, _PROMPTS, decoding=decoding(tokenizer, batch_size=4))
    alone = answer_prompts(model, tokenizer, _PROMPTS, decoding=decoding(tokenizer, batch_size=1))

    assert together == alone


def test_progress_is_told_batch_by_batch(nano_base: Path) -> None:
    """How many answers are there more."""
    model, tokenizer = load_base(nano_base)
    told: list[int] = []

    answer_prompts(model, tokenizer, _PROMPTS, decoding=decoding(tokenizer, batch_size=3), answered=told.append)

    assert told == [3, 1]
