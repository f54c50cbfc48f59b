"""Drawn answers follow from the seed, and their frequencies from the logits."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import torch

from expertkit.runtime.generation import Answer, Decoding, write_tokens
from expertkit.runtime.loading import load_base
from expertkit.runtime.sampling import Sampling

_LOGITS = torch.tensor([0.5, 0.3, 0.15, 0.05]).log()
_PLAIN = Sampling(temperature=1.0, top_p=1.0, seed=7)


def frequencies(sampling: Sampling, *, draws: int = 4000) -> list[float]:
    """How often each of four tokens is drawn."""
    answers = [Answer(prompt=at) for at in range(draws)]
    counted = Counter(sampling.choose(_LOGITS.expand(draws, -1), answers))
    return [counted[token] / draws for token in range(4)]


def test_tokens_are_drawn_as_often_as_their_logits_say() -> None:
    """At temperature 1 and with nothing cut off, within five standard deviations."""
    found = frequencies(_PLAIN)

    assert all(abs(share - float(wanted)) < 0.04 for share, wanted in zip(found, _LOGITS.exp(), strict=True))


def test_top_p_draws_from_the_fewest_tokens_that_reach_it() -> None:
    """0.6 needs the first two; they keep their proportion of 5 to 3."""
    found = frequencies(replace(_PLAIN, top_p=0.6))

    assert found[2:] == [0, 0]
    assert abs(found[0] - 0.625) < 0.04


def test_the_likeliest_token_is_always_left() -> None:
    """However small top_p or the temperature."""
    assert frequencies(replace(_PLAIN, top_p=1e-9), draws=50)[0] == 1
    assert frequencies(replace(_PLAIN, temperature=1e-3), draws=50)[0] == 1


def test_answers_follow_from_the_seed_and_not_from_the_batch(nano_base: Path) -> None:
    """The same seed gives the same answers in other batches, another seed others, and each copy of a prompt its own."""
    model, tokenizer = load_base(nano_base)
    prompts = [prompt for prompt in ("list price", "count every invoice of the shop") for _ in range(6)]
    decoding = Decoding(end=tokenizer.eos_token_id, max_new_tokens=8, batch_size=12, choose=_PLAIN.choose)  # type: ignore[arg-type]

    first = write_tokens(model, tokenizer, prompts, decoding=decoding)
    again = write_tokens(model, tokenizer, prompts, decoding=replace(decoding, batch_size=5))
    other = write_tokens(model, tokenizer, prompts, decoding=replace(decoding, choose=replace(_PLAIN, seed=8).choose))

    assert first == again
    assert first != other
    assert len({tuple(tokens) for tokens in first[:6]}) > 1
