"""How an adapter is trained: the section ``train`` of recipes and named configs, each setting with its effect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from expertkit.fields import Range
from expertkit.manifest.kinds import (
    LearningRate,
    NotNegative,
    Positive,
    Rank,
    Scheduler,
    Seed,
    Share,
    TargetModules,
    Threads,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """Everything that decides how an adapter is trained on given data."""

    adapter_type: Literal["lora"]
    """The form of the update; lora is a product of two low-rank matrices."""
    rank: Rank
    """Inner dimension of the update; parameters grow with it."""
    alpha: Annotated[int, Range(1, 1024)]
    """The update is scaled by alpha / rank."""
    dropout: Annotated[float, Range(0, 0.9)]
    """Fraction of the adapter's inputs set to zero in training."""
    target_modules: TargetModules
    """Linear layers that get an adapter, in every block."""
    max_steps: Positive
    """Optimizer steps in all."""
    learning_rate: LearningRate
    """Largest learning rate, reached after the warm-up."""
    batch_size: Positive
    """Items in one forward pass."""
    gradient_accumulation_steps: Positive
    """Forward passes in one optimizer step."""
    warmup_steps: NotNegative
    """Steps in which the learning rate rises from 0."""
    lr_scheduler: Scheduler
    """How the learning rate falls after the warm-up."""
    weight_decay: Share
    """Decoupled weight decay of AdamW."""
    max_seq_length: Annotated[int, Range(8, 131_072)]
    """Tokens of a rendered item; a longer one is an error, never cut."""
    seed: Seed
    """Seed of initialisation, dropout and order."""
    threads: Threads
    """CPU threads; part of the recipe because sums depend on it."""
    logging_steps: Positive
    """Steps between two points of the loss curve."""
    save_steps: Positive
    """Steps between two checkpoints."""
