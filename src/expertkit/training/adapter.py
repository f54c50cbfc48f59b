"""An adapter trained: PEFT puts the factors in, the transformers Trainer learns them from rows.

Seeded before the factors are made, so that the same recipe, data, base and environment give the
same bytes, whether in one go or resumed from a checkpoint.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from peft import get_peft_model, get_peft_model_state_dict
from transformers import PrinterCallback, Trainer, set_seed

from expertkit.adapters import Adapter, learnt
from expertkit.errors import TrainingError
from expertkit.recipes import TrainConfig
from expertkit.runtime.soft_prompt import SoftPrompted
from expertkit.training.arguments import peft_settings, trainer_arguments
from expertkit.training.callback import Listener, ReportToProgress
from expertkit.training.checkpoints import newest_checkpoint
from expertkit.training.plan import Plan
from expertkit.training.processes import agreed, is_first
from expertkit.training.rows import Padding
from expertkit.training.soft_prompt import initial_prompt
from expertkit.training.trainer import SealingTrainer

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    Learning = PeftModel | SoftPrompted


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One point of a loss curve."""

    step: int
    loss: float
    """Mean over the steps since the last point, in nats per learnt token."""
    learning_rate: float
    dev_loss: float | None = None
    """The loss on dev after that step, where it was measured."""


def train_adapter(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    plan: Plan,
    config: TrainConfig,
    *,
    checkpoints: Path,
    listener: Listener,
) -> tuple[Adapter, list[Point]]:
    """Learn an adapter of ``model`` as planned; give it with its loss curve from the first step on.

    Args:
        model: the base; its weights stay as they are.
        tokenizer: of that base, for padding.
        plan: what to learn, and in how many steps.
        config: rank, rates and the rest.
        checkpoints: a folder for this recipe and data alone; training goes on from the newest whole
            checkpoint in it.
        listener: told the loss as training goes.

    Raises:
        TrainingError: the base has no such layers, or the learnt weights are not finite.
    """
    torch.set_num_threads(config.threads)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it CUDA has no deterministic products
    os.environ["ACCELERATE_MIXED_PRECISION"] = "no"  # the settings say it, whatever a launcher was told
    torch.use_deterministic_algorithms(mode=True)
    set_seed(config.seed)
    wrapped = _wrap(model, tokenizer, config)
    trainer = SealingTrainer(
        folder=checkpoints,
        model=wrapped,
        args=trainer_arguments(config, plan, checkpoints),
        train_dataset=plan.rows,
        eval_dataset=list(plan.dev) if config.eval_steps else None,
        data_collator=Padding(tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id),
        callbacks=[ReportToProgress(listener.measure)],
    )
    trainer.remove_callback(PrinterCallback)
    found = agreed(newest_checkpoint(checkpoints, listener.say) if is_first() else None)
    trainer.train(resume_from_checkpoint=str(found) if found else None)
    trainer.accelerator.wait_for_everyone()  # whoever still reads a checkpoint, before they are removed
    return _collect(wrapped, config), _curve(trainer)


def _wrap(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, config: TrainConfig) -> Learning:
    if config.adapter_type == "prompt":
        return SoftPrompted(model, initial_prompt(model, tokenizer, config))
    try:
        wrapped: PeftModel = get_peft_model(model, peft_settings(config))
    except ValueError as error:
        wanted = ", ".join(config.target_modules or ())
        raise TrainingError(f"target_modules: expected layers of the base, got {wanted} ({error})") from error
    _check_patterns(wrapped, config)
    return wrapped


def _check_patterns(wrapped: PeftModel, config: TrainConfig) -> None:
    """A rank for a layer that is not trained would be a setting without effect."""
    modules = [name for name, module in wrapped.named_modules() if hasattr(module, "lora_A")]
    idle = [end for end in config.rank_pattern if not any(f".{name}".endswith(f".{end}") for name in modules)]
    if idle:
        raise TrainingError(f"rank_pattern: expected ends of the paths of trained layers, got {', '.join(idle)}")


def _curve(trainer: Trainer) -> list[Point]:
    """The logged losses, those before a checkpoint included."""
    history = trainer.state.log_history
    on_dev = {int(entry["step"]): float(entry["eval_loss"]) for entry in history if "eval_loss" in entry}
    points = {int(entry["step"]): entry for entry in history if "loss" in entry}
    return [
        Point(
            step=step, loss=float(entry["loss"]), learning_rate=float(entry["learning_rate"]), dev_loss=on_dev.get(step)
        )
        for step, entry in points.items()
    ]


def _collect(wrapped: Learning, config: TrainConfig) -> Adapter:
    """What was learnt, as arrays."""
    learnt_state = wrapped.state_dict() if isinstance(wrapped, SoftPrompted) else get_peft_model_state_dict(wrapped)
    named = {name: values.detach().to("cpu", torch.float32).numpy() for name, values in learnt_state.items()}
    if not all(np.isfinite(values).all() for values in named.values()):
        raise TrainingError("the adapter: expected finite weights, got others", hint="lower learning_rate")
    return learnt(
        named, rank=config.rank, alpha=config.alpha, is_stabilized=config.use_rslora,
        dropout=config.dropout, feedforward_modules=config.feedforward_modules or (),
    )  # fmt: skip
