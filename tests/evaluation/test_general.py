"""What an expert costs on its base's own text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from expertkit.adapters import Factors, Lora
from expertkit.data.templates import TEMPLATES
from expertkit.evaluation.general import General, measure_general, write_passages
from expertkit.runtime.loading import attached, load_base


def lora(*, strength: float) -> Lora:
    """An adapter of the nano base that moves it as far as that."""
    rng = np.random.default_rng(0)
    factors = Factors(
        a=rng.normal(size=(4, 32)).astype(np.float32), b=(strength * rng.normal(size=(64, 4))).astype(np.float32)
    )
    return Lora(rank=4, alpha=4, modules={f"model.layers.{layer}.self_attn.q_proj": factors for layer in range(2)})


def measured(base: Path, *, strength: float) -> General:
    """What an adapter of that strength costs."""
    model, tokenizer = load_base(base)
    passages = write_passages(model, tokenizer, TEMPLATES["chatml"])
    with attached(model, lora(strength=strength), base="nano") as wrapped:
        return measure_general(wrapped, passages)


def test_an_expert_that_changes_nothing_costs_nothing(nano_base: Path) -> None:
    """The losses are equal to the last digit."""
    found = measured(nano_base, strength=0.0)

    assert found.base_loss == found.expert_loss
    assert (found.increase, found.passages) == (0.0, 64)


def test_the_further_from_the_base_the_dearer(nano_base: Path) -> None:
    """Never below nothing, and the same each time."""
    slight, strong, again = (measured(nano_base, strength=strength) for strength in (0.5, 5.0, 0.5))

    assert 0 < slight.increase < strong.increase
    assert slight == again


def test_the_increase_is_the_divergence_on_what_the_base_wrote(nano_base: Path) -> None:
    """Reckoned anew, one passage at a time and without what it was given, it is the mean of KL(base || expert)."""
    model, tokenizer = load_base(nano_base)
    passages = write_passages(model, tokenizer, TEMPLATES["chatml"])[:9]
    divergences = []
    with attached(model, lora(strength=2.0), base="nano") as wrapped, torch.inference_mode():
        found = measure_general(wrapped, passages)
        for each in passages:
            ids = torch.tensor([each.tokens])
            expert = wrapped(input_ids=ids).logits[0].log_softmax(-1)
            with wrapped.disable_adapter():
                base = wrapped(input_ids=ids).logits[0].log_softmax(-1)
            apart = (base.exp() * (base - expert)).sum(-1)
            divergences += apart[each.start - 1 : len(each.tokens) - 1].tolist()

    assert found.tokens == len(divergences)
    assert found.increase == pytest.approx(float(np.mean(divergences)), rel=1e-4)


def test_a_base_writes_after_requests_and_texts(nano_base: Path) -> None:
    """In turn, at least a token of its own each, and the random state of others is left as it was."""
    model, tokenizer = load_base(nano_base)
    torch.manual_seed(5)
    state = torch.get_rng_state()

    passages = write_passages(model, tokenizer, TEMPLATES["chatml"])

    given = [tokenizer.decode(each.tokens[: each.start]) for each in passages]
    assert [text.endswith("<|im_start|>assistant\n") for text in given] == [True, False] * 32
    assert all(each.start < len(each.tokens) for each in passages)
    assert torch.equal(torch.get_rng_state(), state)
