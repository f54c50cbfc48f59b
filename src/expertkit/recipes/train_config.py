"""How an adapter is trained: the section ``train`` of recipes and named configs, each setting with its effect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from expertkit.fields import Range, When
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

    adapter_type: Literal["lora", "dora", "ia3"]
    """lora: a product of two low-rank matrices is added; dora: and rows get learnt norms; ia3: outputs are scaled."""
    rank: Rank | None = None
    """Inner dimension of the update; parameters grow with it. Not for ia3."""
    alpha: Annotated[int, Range(1, 1024)] | None = None
    """The update is scaled by alpha / rank. Not for ia3."""
    use_rslora: bool = False
    """Whether the update is scaled by alpha / sqrt(rank) instead, which keeps large ranks stable. Not for ia3."""
    rank_pattern: Mapping[str, Rank] = field(default_factory=dict)
    """End of a layer's path, such as layers.0.self_attn.q_proj, to a rank of its own. Not for ia3."""
    dropout: Annotated[float, Range(0, 0.9)] = 0.0
    """Fraction of the adapter's inputs set to zero in training. Not for ia3."""
    target_modules: TargetModules
    """Linear layers that get an adapter, in every block."""
    feedforward_modules: TargetModules | None = None
    """Those of them whose inputs are scaled in place of their outputs. For ia3 only."""
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


TRAIN_RULES = (
    When("adapter_type", ("lora", "dora"), needs=("rank", "alpha"), forbids=("feedforward_modules",)),
    When("adapter_type", ("ia3",), forbids=("rank", "alpha", "use_rslora", "rank_pattern", "dropout")),
)
"""What the settings that all layers give together have to obey."""
