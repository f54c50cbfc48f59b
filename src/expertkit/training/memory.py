"""Too little memory for a batch: it is halved, twice at most, and the rows of an optimizer step stay the same.

What is learnt is then not the same to the byte, because sums are taken in another order, so a halved training begins
anew, in checkpoints of its own: its bytes follow from the settings and the number of halvings, which is on record.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import torch

from expertkit.errors import TrainingError
from expertkit.recipes import TrainConfig

HALVINGS = 2
"""How often a batch is halved at most."""

_SIGNS = ("out of memory", "can't allocate memory")
_HINT = (
    "lower batch_size and raise gradient_accumulation_steps by the same factor, lower max_seq_length, "
    "set gradient_checkpointing to true, or take a computer with more memory"
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted(Generic[T]):
    """What a training gave that memory sufficed for."""

    result: T
    config: TrainConfig
    """The settings that it was made with in the end."""
    halvings: int
    """How often the batch was halved for it."""


def fit(config: TrainConfig, train: Callable[[TrainConfig, int], T], *, say: Callable[[str], None]) -> Fitted[T]:
    """What ``train`` gives for the settings, or for those with a smaller batch that memory suffices for.

    Args:
        config: the settings of the recipe.
        train: given settings and the number of halvings; called anew after each.
        say: told of each halving.

    Raises:
        TrainingError: the batch was halved twice, cannot be halved, or is shared by several processes.
    """
    halvings = 0
    while True:
        try:
            return Fitted(result=train(config, halvings), config=config, halvings=halvings)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            config = _halve(config, halvings, error)
        halvings += 1
        _release()
        say(
            f"out of memory: begun anew with batches of {config.batch_size} rows, "
            f"{config.gradient_accumulation_steps} to a step"
        )


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether torch, on a processor or a GPU, could not get the memory that it asked for."""
    return isinstance(error, torch.OutOfMemoryError) or any(sign in str(error).lower() for sign in _SIGNS)


def _halve(config: TrainConfig, halvings: int, error: RuntimeError) -> TrainConfig:
    """The settings with half the batch, and twice as many batches to a step."""
    reason = _why_not(config, halvings)
    if reason:
        asked = str(error).partition("\n")[0]
        raise TrainingError(
            f"batch_size: expected a batch that fits into memory, got {config.batch_size} rows, and {reason}",
            f"torch: {asked}",
            hint=_HINT,
        ) from error
    rows, passes = config.batch_size // 2, config.gradient_accumulation_steps * 2
    return replace(config, batch_size=rows, gradient_accumulation_steps=passes)


def _why_not(config: TrainConfig, halvings: int) -> str | None:
    """Why a batch is not halved, or None where it is."""
    if config.processes > 1:
        return "several processes share them, which cannot begin anew one by one"
    if halvings == HALVINGS:
        return f"they are {config.batch_size * 2**halvings} halved {HALVINGS} times"
    return f"{config.batch_size} is odd" if config.batch_size % 2 else None


def _release() -> None:
    """Give back what the attempt before held."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
