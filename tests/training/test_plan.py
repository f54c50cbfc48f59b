"""Rows in their order, and several in one row, where each still sees itself alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from expertkit.data.domain import domain
from expertkit.runtime.loading import load_base
from expertkit.training.plan import plan
from expertkit.training.rows import IGNORED, Padding, Row, pack
from tests.training.test_settings import BASELINE, encode


def row(length: int, first: int = 0) -> Row:
    """A row of so many tokens, all learnt."""
    tokens = list(range(first, first + length))
    return {"input_ids": tokens, "labels": tokens, "length": length}


ROWS = [row(length, first=100 * length) for length in range(3, 13)]


def test_every_pass_has_every_row_once() -> None:
    """Another order each time, the same for the same seed."""
    config = replace(BASELINE, batch_size=2, max_steps=10, group_by_length=False)

    drawn = plan(ROWS, config).rows

    assert [sorted(each["length"] for each in part) for part in (drawn[:10], drawn[10:])] == [[*range(3, 13)]] * 2
    assert drawn[:10] != drawn[10:]
    assert plan(ROWS, config).rows == drawn != plan(ROWS, replace(config, seed=2)).rows


@pytest.mark.parametrize(
    ("changes", "steps", "warmup"),
    [
        ({"max_steps": 7}, 7, 0),
        ({"max_steps": None, "epochs": 1.0}, 3, 0),
        ({"max_steps": None, "epochs": 2.5}, 7, 0),
        ({"max_steps": None, "epochs": 1.0, "gradient_accumulation_steps": 2}, 2, 0),
        ({"max_steps": 10, "warmup_steps": None, "warmup_ratio": 0.25}, 10, 3),
        ({"max_steps": 10, "warmup_steps": 4}, 10, 4),
    ],
)
def test_steps_follow_from_the_settings(changes: dict[str, Any], steps: int, warmup: int) -> None:
    """Ten rows in batches of four: what is begun is a whole step."""
    planned = plan(ROWS, replace(BASELINE, **changes))

    accumulated = changes.get("gradient_accumulation_steps", 1)
    assert (planned.steps, planned.warmup_steps, len(planned.rows)) == (steps, warmup, steps * 4 * accumulated)


@settings(max_examples=60, deadline=None)
@given(lengths=st.lists(st.integers(1, 20), min_size=1, max_size=200))
def test_packing_keeps_every_token_and_no_row_is_too_long(lengths: list[int]) -> None:
    """Each item is there once, whole, with positions from 0, and its first token is not predicted."""
    rows = [row(length, first=1000 * at) for at, length in enumerate(lengths)]

    packed = pack(rows, 20)

    tokens = [token for each in packed for token in each["input_ids"]]
    assert sorted(tokens) == sorted(token for each in rows for token in each["input_ids"])
    assert all(len(each["input_ids"]) == each["length"] <= 20 for each in packed)
    for each in packed:
        starts = [at for at, position in enumerate(each["position_ids"]) if position == 0]
        assert all(each["labels"][at] == IGNORED for at in starts)
        assert all(each["input_ids"][at] % 1000 == 0 for at in starts)
    assert len(packed) <= max(1, 2 * sum(lengths) // 20 + 1)


def test_what_is_packed_is_learnt_as_if_it_stood_alone(nano_base: Path) -> None:
    """The summed loss of items in one row is the sum of their own: none attends to another, padding to none."""
    model, tokenizer = load_base(nano_base)
    rows = [encode(tokenizer, item, BASELINE) for item in domain("sql").generate("train", count=9, seed=1)]
    together = pack(rows, 300)
    assert len(together) < len(rows)
    assert len({len(each["input_ids"]) for each in together}) > 1

    alone = sum(summed_loss(model, [each]) for each in rows)

    assert summed_loss(model, together) == pytest.approx(alone, rel=1e-5)


def summed_loss(model: Any, rows: list[Row]) -> float:
    """Of a batch, over its learnt tokens."""
    batch = Padding(0)(rows)
    learnt = int((batch["labels"] != IGNORED).sum())  # type: ignore[union-attr, attr-defined]
    with torch.inference_mode():
        return float(model(**batch, use_cache=False).loss) * learnt
