"""Too little memory halves a batch, twice at most, and is never silent.

Memory ends at a border: whoever computes more rows at once asks torch for more than there is, and torch refuses.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from expertkit.adapters import to_tensors
from expertkit.data.domain import domain
from expertkit.errors import TrainingError
from expertkit.recipes import TrainConfig
from expertkit.runtime.loading import load_base
from expertkit.training.adapter import train_adapter
from expertkit.training.callback import Listener
from expertkit.training.memory import Fitted, fit, is_out_of_memory
from expertkit.training.plan import plan
from tests.training.test_settings import BASELINE, encode

CONFIG = replace(BASELINE, batch_size=8, max_steps=3)
TOO_MUCH = 1 << 60


def allocate(_model: object, _arguments: object, keywords: dict[str, Any], *, border: int) -> None:
    """Ask for more than any computer has, where a batch has more rows than ``border``."""
    if len(keywords["input_ids"]) > border:
        torch.empty(TOO_MUCH, dtype=torch.uint8)


def train(base: Path, folder: Path, *, border: int, config: TrainConfig = CONFIG) -> tuple[Fitted[Any], list[str]]:
    """A real training where no more than ``border`` rows fit, with what was said of it."""
    rows = [encode(load_base(base)[1], item, config) for item in domain("sql").generate("train", count=24, seed=1)]
    planned, said = plan(rows, config), []

    def attempt(settings: TrainConfig, halvings: int) -> Any:
        model, tokenizer = load_base(base)
        model.register_forward_pre_hook(lambda *given: allocate(*given, border=border), with_kwargs=True)
        listener = Listener(measure=lambda _step, _values: None, say=said.append)
        checkpoints = folder / str(halvings)
        return train_adapter(model, tokenizer, planned, settings, checkpoints=checkpoints, listener=listener)

    return fit(config, attempt, say=said.append), said


def test_a_batch_is_halved_until_it_fits_and_the_rows_of_a_step_stay(nano_base: Path, tmp_path: Path) -> None:
    """Twice here; what is learnt is that of whole batches but for the order of sums, and both are said."""
    whole, silent = train(nano_base, tmp_path / "whole", border=8)
    halved, said = train(nano_base, tmp_path / "halved", border=2)

    assert (whole.halvings, silent) == (0, [])
    assert (halved.halvings, halved.config.batch_size, halved.config.gradient_accumulation_steps) == (2, 2, 4)
    assert said == [
        "out of memory: begun anew with batches of 4 rows, 2 to a step",
        "out of memory: begun anew with batches of 2 rows, 4 to a step",
    ]
    (one, one_curve), (other, other_curve) = whole.result, halved.result
    assert [point.loss for point in other_curve] == pytest.approx([point.loss for point in one_curve], rel=1e-4)
    for name, values in to_tensors(one).items():
        np.testing.assert_allclose(to_tensors(other)[name], values, atol=1e-3)


def test_the_third_time_is_an_error_that_helps(nano_base: Path, tmp_path: Path) -> None:
    """It says how many rows did not fit, what torch asked for, and what to change."""
    with pytest.raises(TrainingError, match=r"got 2 rows, and they are 8 halved 2 times") as refusal:
        train(nano_base, tmp_path, border=1)

    assert refusal.value.exit_code == 10
    assert str(TOO_MUCH) in str(refusal.value)
    assert "gradient_accumulation_steps" in str(refusal.value.hint)


@pytest.mark.parametrize(
    ("changes", "why"), [({"batch_size": 5}, "5 is odd"), ({"processes": 2}, "several processes share them")]
)
def test_what_cannot_be_halved_is_an_error_at_once(changes: dict[str, Any], why: str) -> None:
    """An odd batch, and one of which other processes hold a part."""

    def attempt(_settings: TrainConfig, _halvings: int) -> None:
        torch.empty(TOO_MUCH, dtype=torch.uint8)

    with pytest.raises(TrainingError, match=why):
        fit(replace(CONFIG, **changes), attempt, say=lambda _note: None)


def test_other_errors_are_left_alone() -> None:
    """Only what a smaller batch helps against is caught."""
    gpu = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    def attempt(_settings: TrainConfig, _halvings: int) -> None:
        torch.zeros(2, 3) @ torch.zeros(2, 3)

    assert is_out_of_memory(gpu)
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        fit(CONFIG, attempt, say=lambda _note: None)
