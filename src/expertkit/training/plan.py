"""How long a training is and what it reads when: steps, warm-up, and the rows of every batch in order."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from expertkit.recipes import TrainConfig
from expertkit.training.rows import Row, level, pack


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the settings come to on given rows."""

    steps: int
    """Optimizer steps."""
    warmup_steps: int
    """Those of them in which the learning rate rises."""
    rows: list[Row]
    """Of all batches, one after the other."""
    dev: Sequence[Row] = ()
    """Rows whose loss is measured where the settings ask for it."""


def plan(rows: Sequence[Row], config: TrainConfig, *, dev: Sequence[Row] = ()) -> Plan:
    """The plan of a training on ``rows``, the same for the same arguments.

    The rows are shuffled anew for each pass, then packed or, those of similar length side by side, levelled.
    """
    rng = random.Random(f"order {config.seed}")
    per_step = config.batch_size * config.gradient_accumulation_steps
    passes = _passes(rows, config, rng)
    first = next(passes)
    steps = config.max_steps or math.ceil((config.epochs or 1.0) * len(first) / per_step)
    drawn = first
    while len(drawn) < steps * per_step:
        drawn = drawn + next(passes)
    drawn = drawn[: steps * per_step]
    if config.group_by_length and not config.packing:
        drawn = level(drawn, config.batch_size, rng)
    warmup = config.warmup_steps if config.warmup_steps is not None else math.ceil((config.warmup_ratio or 0) * steps)
    return Plan(steps=steps, warmup_steps=warmup, rows=drawn, dev=dev)


def _passes(rows: Sequence[Row], config: TrainConfig, rng: random.Random) -> Iterator[list[Row]]:
    while True:
        shuffled = rng.sample(list(rows), k=len(rows))
        yield pack(shuffled, config.max_seq_length) if config.packing else shuffled
