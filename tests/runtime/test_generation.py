"""Answers come back in the order of their prompts, whatever the batches."""

from __future__ import annotations

from pathlib import Path

from expertkit.runtime.generation import answer_prompts
from expertkit.runtime.loading import load_base

_PROMPTS = ["list price", "count every invoice of the shop", "x", "SELECT price FROM product WHERE"]


def test_batches_do_not_change_the_answers(nano_base: Path) -> None:
    """Padding on the left is masked out, so a prompt's company does not matter."""
    model, tokenizer = load_base(nano_base)

    together = answer_prompts(model, tokenizer, _PROMPTS, max_new_tokens=6, batch_size=4)
    alone = answer_prompts(model, tokenizer, _PROMPTS, max_new_tokens=6, batch_size=1)

    assert together == alone


def test_progress_is_told_batch_by_batch(nano_base: Path) -> None:
    """How many answers are there more."""
    model, tokenizer = load_base(nano_base)
    told: list[int] = []

    answer_prompts(model, tokenizer, _PROMPTS, max_new_tokens=2, batch_size=3, answered=told.append)

    assert told == [3, 1]
