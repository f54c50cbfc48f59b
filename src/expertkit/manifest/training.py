"""How an adapter is trained: the words of a manifest's ``training.config``, of named configs and of recipes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from expertkit.fields import Entries, Range

AdapterType = Literal["lora"]
TargetModule = Literal["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
TargetModules = Annotated[tuple[TargetModule, ...], Entries(low=1)]
Rank = Annotated[int, Range(1, 256)]
Alpha = Annotated[int, Range(1, 1024)]
Dropout = Annotated[float, Range(0, 0.9)]
Seed = Annotated[int, Range(0, 2**32 - 1)]
Positive = Annotated[int, Range(low=1)]
NotNegative = Annotated[int, Range(low=0)]
Threads = Annotated[int, Range(1, 256)]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """Everything that decides how an adapter is trained on given data."""

    adapter_type: AdapterType
    """The form of the update; lora is a product of two low-rank matrices."""
    rank: Rank
    """Inner dimension of the update; parameters grow with it."""
    alpha: Alpha
    """The update is scaled by alpha / rank."""
    dropout: Dropout
    """Fraction of the adapter's inputs set to zero in training."""
    target_modules: TargetModules
    """Linear layers that get an adapter, in every block."""
    max_steps: Positive
    """Optimizer steps in all."""
    learning_rate: Annotated[float, Range(above=0, high=1)]
    """Largest learning rate, reached after the warm-up."""
    batch_size: Positive
    """Items in one forward pass."""
    gradient_accumulation_steps: Positive
    """Forward passes in one optimizer step."""
    warmup_steps: NotNegative
    """Steps in which the learning rate rises from 0."""
    lr_scheduler: Literal["linear", "cosine", "constant", "polynomial", "cosine_with_restarts"]
    """How the learning rate falls after the warm-up."""
    weight_decay: Annotated[float, Range(0, 1)]
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
