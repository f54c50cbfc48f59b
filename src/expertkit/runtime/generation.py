"""Answers to prompts: greedy, in batches of similar length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    Model = PreTrainedModel | PeftModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoding:
    """How answers are written."""

    end: int
    """Id of the token that ends an answer."""
    max_new_tokens: int
    """Tokens after which an answer is cut."""
    batch_size: int
    """Prompts answered side by side."""


def answer_prompts(
    model: Model,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    *,
    decoding: Decoding,
    answered: Callable[[int], None] = lambda _more: None,
) -> list[str]:
    """One answer per prompt, in their order, without the end token.

    Args:
        model: a causal language model, with or without an adapter.
        tokenizer: of that model.
        prompts: rendered prompts.
        decoding: how answers are written.
        answered: told after each batch how many prompts it answered.
    """
    encoded = [tokenizer.encode(prompt, add_special_tokens=False) for prompt in prompts]
    order = sorted(range(len(prompts)), key=lambda at: (len(encoded[at]), at))
    answers = [""] * len(prompts)
    for start in range(0, len(order), decoding.batch_size):
        batch = order[start : start + decoding.batch_size]
        written = _generate(model, tokenizer, [encoded[at] for at in batch], decoding)
        for at, text in zip(batch, written, strict=True):
            answers[at] = text
        answered(len(batch))
    return answers


@torch.inference_mode()
def _generate(
    model: Model, tokenizer: PreTrainedTokenizerBase, rows: Sequence[list[int]], decoding: Decoding
) -> list[str]:
    longest = max(len(row) for row in rows)
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    ids = torch.tensor([[pad] * (longest - len(row)) + row for row in rows], dtype=torch.int64)
    mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows], dtype=torch.int64)
    generate: Any = model.generate  # PEFT hands every call through to the model it wraps
    output = generate(
        input_ids=ids,
        attention_mask=mask,
        max_new_tokens=decoding.max_new_tokens,
        do_sample=False,
        eos_token_id=decoding.end,
        pad_token_id=pad,
    )
    written = [_until(decoding.end, row) for row in output[:, longest:].tolist()]
    return [str(text) for text in tokenizer.batch_decode(written, skip_special_tokens=True)]


def _until(end: int, tokens: list[int]) -> list[int]:
    """The tokens before the first ``end``; what stands after it only fills up."""
    return tokens[: tokens.index(end)] if end in tokens else tokens
