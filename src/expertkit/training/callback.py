"""What training tells while it runs: one measurement per logged step, to whoever listens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

Measure = Callable[[int, dict[str, float]], None]
"""Told the step (from 1) and what was measured at it: ``loss`` and ``learning_rate``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Who hears of a training."""

    measure: Measure
    say: Callable[[str], None]
    """Told in a line what a person should know: what is gone on from, and what had to be done otherwise."""


class ReportToProgress(TrainerCallback):
    """Hands each logged loss on."""

    def __init__(self, measure: Measure) -> None:
        self.measure = measure

    def on_log(
        self,
        args: TrainingArguments,  # noqa: ARG002  # the signature is the Trainer's
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        """Hand on the loss and learning rate; the closing summary has neither."""
        if logs and "loss" in logs:
            self.measure(state.global_step, {name: float(logs[name]) for name in ("loss", "learning_rate")})
