"""What an expert answers to a few of the test items, written down so that its package can be asked again.

Sums depend on what is multiplied together: the items are asked in one batch of their own, in their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from expertkit.data.items import Item
from expertkit.data.prompt import Template, Turn, render
from expertkit.data.templates import end_token
from expertkit.evaluation.exam import Exam, in_turn
from expertkit.recipes import Recipe
from expertkit.recorded import Recorded
from expertkit.runtime.generation import Decoding, write_tokens

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from expertkit.runtime.generation import Model

ITEMS = 16
"""Answers that an evaluation records, the forms in turn."""


def record(
    model: Model, tokenizer: PreTrainedTokenizerBase, exam: Exam, recipe: Recipe
) -> tuple[Recorded, ...]:  # fmt: skip
    """What an expert answers to some of the test items, which ``replay`` asks again."""
    items = in_turn(exam.items["test"], ITEMS)
    decoding = decode_as(recipe, end=end_token(exam.template, tokenizer))
    tokens = ask_together(model, tokenizer, items, template=exam.template, decoding=decoding)
    texts = tokenizer.batch_decode(tokens, skip_special_tokens=True)
    return tuple(
        Recorded(id=item.id, question=item.question, context=item.context, answer=str(text), tokens=tuple(ids))
        for item, ids, text in zip(items, tokens, texts, strict=True)
    )


def decode_as(recipe: Recipe, *, end: int) -> Decoding:
    """How a recipe's expert is asked at evaluation."""
    config = recipe.evaluate
    return Decoding(end=end, max_new_tokens=config.max_new_tokens, batch_size=config.batch_size)


def ask_together(
    model: Model, tokenizer: PreTrainedTokenizerBase, asked: Sequence[Item | Recorded], *,
    template: Template, decoding: Decoding,
) -> list[list[int]]:  # fmt: skip
    """The tokens of each answer, all asked in one batch."""
    prompts = [render(template, Turn(question=each.question, context=each.context)) for each in asked]
    return write_tokens(model, tokenizer, prompts, decoding=replace(decoding, batch_size=len(prompts)))
