"""Answers to prompts, token by token, in batches of similar length that shrink as answers end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from transformers import DynamicCache

from expertkit.runtime.soft_prompt import prefix_of

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from expertkit.runtime.soft_prompt import SoftPrompted

    Model = PreTrainedModel | PeftModel | SoftPrompted


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer on its way."""

    prompt: int
    """Which prompt it answers, counted from 0."""
    tokens: list[int] = field(default_factory=list)
    """What is written of it, without the end token."""


Choose = Callable[[torch.Tensor, Sequence[Answer]], list[int]]
"""The next token of each answer, from its logits: (answers, vocabulary), float32."""


def likeliest(logits: torch.Tensor, _answers: Sequence[Answer]) -> list[int]:
    """The token with the largest logit, the first of equals."""
    return list(logits.argmax(dim=-1).tolist())


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoding:
    """How answers are written."""

    end: int
    """Id of the token that ends an answer."""
    max_new_tokens: int
    """Tokens after which an answer is cut."""
    batch_size: int
    """Prompts answered side by side."""
    choose: Choose = likeliest
    """How a token follows from its logits."""


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
    written = write_tokens(model, tokenizer, prompts, decoding=decoding, answered=answered)
    return [str(tokenizer.decode(tokens, skip_special_tokens=True)) for tokens in written]


def write_tokens(
    model: Model,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    *,
    decoding: Decoding,
    answered: Callable[[int], None] = lambda _more: None,
) -> list[list[int]]:
    """The same answers as the ids of their tokens."""
    prefix = prefix_of(model)
    encoded = [[*prefix, *tokenizer.encode(prompt, add_special_tokens=False)] for prompt in prompts]
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    order = sorted(range(len(prompts)), key=lambda at: (len(encoded[at]), at))
    answers = [Answer(prompt=at) for at in range(len(prompts))]
    for start in range(0, len(order), decoding.batch_size):
        batch = order[start : start + decoding.batch_size]
        _write(_Reader(model, [encoded[at] for at in batch], pad=pad), [answers[at] for at in batch], decoding)
        answered(len(batch))
    return [answer.tokens for answer in answers]


@torch.inference_mode()
def _write(reader: _Reader, answers: Sequence[Answer], decoding: Decoding) -> None:
    """Write the answers to their ends, a token of each at a time; one that has ended leaves the batch."""
    writing = list(answers)
    logits = reader.read_prompts()
    for left in reversed(range(decoding.max_new_tokens)):
        chosen = decoding.choose(logits, writing)
        going = [at for at, token in enumerate(chosen) if token != decoding.end]
        writing = [writing[at] for at in going]
        tokens = [chosen[at] for at in going]
        for answer, token in zip(writing, tokens, strict=True):
            answer.tokens.append(token)
        if not writing or not left:
            return
        if len(going) < len(chosen):
            reader.keep(going)
        logits = reader.read(tokens)


class _Reader:
    """A model that reads a batch of texts, and remembers of each what it has read."""

    def __init__(self, model: Model, rows: Sequence[list[int]], *, pad: int) -> None:
        longest = max(len(row) for row in rows)
        self._model: Any = model
        self._cache = DynamicCache(config=model.config)
        self._prompts = torch.tensor([[pad] * (longest - len(row)) + row for row in rows])
        self._mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows])

    def read_prompts(self) -> torch.Tensor:
        """What follows each prompt: logits, (rows, vocabulary), float32."""
        return self._logits(self._prompts, (self._mask.cumsum(-1) - 1).clamp(min=0))

    def read(self, tokens: Sequence[int]) -> torch.Tensor:
        """The same once each row has one more token."""
        self._mask = torch.nn.functional.pad(self._mask, (0, 1), value=1)
        return self._logits(torch.tensor(tokens)[:, None], self._mask.sum(-1, keepdim=True) - 1)

    def keep(self, rows: Sequence[int]) -> None:
        """Forget all but these rows."""
        kept = torch.tensor(rows)
        self._mask = self._mask[kept]
        self._cache.batch_select_indices(kept)

    def _logits(self, ids: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        output = self._model(
            input_ids=ids, attention_mask=self._mask, position_ids=positions,
            past_key_values=self._cache, use_cache=True, logits_to_keep=1,
        )  # fmt: skip
        logits: torch.Tensor = output.logits[:, -1]
        return logits.float()
