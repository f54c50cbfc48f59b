"""Whether a base still writes as it did: what an expert costs on what has nothing to do with its task.

What is written is the base's own, so that every base can be asked and no data set is needed: it is given requests
such as to repeat some words, and beginnings of texts, and goes on at random, each token as likely as it holds it to be
(the idea of LLM-QAT, Liu et al. 2023, arXiv 2305.17888). Token by token, the base's loss is then the entropy of what
it expects, and the expert's loss the cross-entropy of what the expert expects instead; the increase is the mean
Kullback-Leibler divergence, never below 0, and 0 only for an expert that changes nothing there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from transformers import GenerationConfig

from expertkit.data.curriculum import Passage, probes
from expertkit.data.prompt import Template, Turn, render
from expertkit.data.templates import end_token
from expertkit.runtime.soft_prompt import prefix_of

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from expertkit.runtime.loading import Attached

_PASSAGES = 64
_BEGINNING, _TOKENS = 6, 48
_SEED = 20_260_131  # none that a base is made with
_AT_ONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class General:
    """What base and expert make of the base's own text."""

    base_loss: float
    """Nats per token."""
    expert_loss: float
    increase: float
    """The expert's loss minus the base's, nats per token."""
    passages: int
    tokens: int
    """What the base wrote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What was given to a base and what it wrote."""

    tokens: tuple[int, ...]
    start: int
    """Where its own begins, at least 1."""


@torch.inference_mode()
def write_passages(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, template: Template) -> list[Written]:
    """Passages that a base goes on with, the same for the same base.

    Args:
        model: the base alone.
        tokenizer: of the base.
        template: how a request is put to it.
    """
    given = [_opening(passage, tokenizer, template) for passage in probes(_SEED, _PASSAGES)]
    end, longest = end_token(template, tokenizer), max(map(len, given))
    ids = torch.tensor([[end] * (longest - len(row)) + row for row in given])
    mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in given])
    make: Any = GenerationConfig
    sampling = make(do_sample=True, top_k=0, max_new_tokens=_TOKENS, eos_token_id=end, pad_token_id=end)
    generate: Any = model.generate
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        written = generate(ids, attention_mask=mask, generation_config=sampling)[:, longest:].tolist()
    return [Written(tokens=(*row, *_until(end, own)), start=len(row)) for row, own in zip(given, written, strict=True)]


@torch.inference_mode()
def measure_general(model: Attached, passages: Sequence[Written]) -> General:
    """The losses of a base, alone and under its expert, on what the base wrote."""
    sums = torch.zeros(2, dtype=torch.float64)
    for start in range(0, len(passages), _AT_ONCE):
        sums += _losses(model, passages[start : start + _AT_ONCE])
    tokens = sum(len(each.tokens) - each.start for each in passages)
    base, expert = (sums / tokens).tolist()
    return General(
        base_loss=base, expert_loss=expert, increase=expert - base, passages=len(passages), tokens=tokens
    )  # fmt: skip


def _opening(passage: Passage, tokenizer: PreTrainedTokenizerBase, template: Template) -> list[int]:
    """A request as it is put, or the first tokens of a text."""
    if passage.prompt:
        return list(tokenizer.encode(render(template, Turn(question=passage.prompt)), add_special_tokens=False))
    return list(tokenizer.encode(passage.text, add_special_tokens=False)[:_BEGINNING])


def _losses(model: Attached, passages: Sequence[Written]) -> torch.Tensor:
    """Summed losses of base and expert over the base's own tokens."""
    longest = max(len(each.tokens) for each in passages)
    ids = torch.tensor([[*each.tokens, *each.tokens[-1:] * (longest - len(each.tokens))] for each in passages])
    counts = torch.tensor([[each.start <= at + 1 < len(each.tokens) for at in range(longest)] for each in passages])
    with model.disable_adapter():
        base = model(input_ids=ids).logits[counts].log_softmax(-1)
    prefix = torch.tensor([prefix_of(model)] * len(ids), dtype=ids.dtype)
    expert = model(input_ids=torch.cat([prefix, ids], dim=1)).logits[:, prefix.shape[1] :][counts].log_softmax(-1)
    return torch.stack([-(base.exp() * each).sum(-1).double().sum() for each in (base, expert)])


def _until(end: int, tokens: list[int]) -> list[int]:
    """Tokens up to the end of the text, with it."""
    return tokens[: tokens.index(end) + 1] if end in tokens else tokens
