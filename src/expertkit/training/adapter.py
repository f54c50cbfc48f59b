"""An adapter trained: PEFT puts the factors in, the transformers Trainer learns them from rows.

Seeded before the factors are made, so that the same recipe, data, base and environment give the
same bytes, whether in one go or resumed from a checkpoint.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from peft import IA3Config, LoraConfig, get_peft_model, get_peft_model_state_dict
from transformers import PrinterCallback, Trainer, TrainingArguments, set_seed

from expertkit.adapters import Adapter, learnt
from expertkit.errors import TrainingError
from expertkit.recipes import TrainConfig
from expertkit.training.callback import Measure, ReportToProgress
from expertkit.training.checkpoints import SealCheckpoints, newest_checkpoint
from expertkit.training.rows import Padding, Row, order_rows

if TYPE_CHECKING:
    from peft import PeftConfig, PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One point of a loss curve."""

    step: int
    loss: float
    """Mean over the steps since the last point, in nats per learnt token."""
    learning_rate: float


def train_adapter(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: Sequence[Row],
    config: TrainConfig,
    *,
    checkpoints: Path,
    measure: Measure,
) -> tuple[Adapter, list[Point]]:
    """Learn an adapter of ``model`` from ``rows``; give it with its loss curve from the first step on.

    Args:
        model: the base; its weights stay as they are.
        tokenizer: of that base, for padding.
        rows: what to learn, as ``encode_row`` made them.
        config: rank, steps, rates and the rest.
        checkpoints: a folder for this recipe and data alone; training goes on from the newest whole
            checkpoint in it.
        measure: told the loss as training goes.

    Raises:
        TrainingError: the base has no such layers, or the learnt weights are not finite.
    """
    torch.set_num_threads(config.threads)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it CUDA has no deterministic products
    torch.use_deterministic_algorithms(mode=True)
    set_seed(config.seed)
    wrapped = _wrap(model, config)
    trainer = Trainer(
        model=wrapped,
        args=_arguments(config, checkpoints),
        train_dataset=_ordered(rows, config),
        data_collator=Padding(tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id),
        callbacks=[ReportToProgress(measure), SealCheckpoints()],
    )
    trainer.remove_callback(PrinterCallback)
    found = newest_checkpoint(checkpoints)
    trainer.train(resume_from_checkpoint=str(found) if found else None)
    return _collect(wrapped, config), _curve(trainer)


def _wrap(model: PreTrainedModel, config: TrainConfig) -> PeftModel:
    try:
        wrapped: PeftModel = get_peft_model(model, _peft_config(config))
    except ValueError as error:
        wanted = ", ".join(config.target_modules)
        raise TrainingError(f"target_modules: expected layers of the base, got {wanted} ({error})") from error
    _check_patterns(wrapped, config)
    return wrapped


def _check_patterns(wrapped: PeftModel, config: TrainConfig) -> None:
    """A rank for a layer that is not trained would be a setting without effect."""
    modules = [name for name, module in wrapped.named_modules() if hasattr(module, "lora_A")]
    idle = [end for end in config.rank_pattern if not any(f".{name}".endswith(f".{end}") for name in modules)]
    if idle:
        raise TrainingError(f"rank_pattern: expected ends of the paths of trained layers, got {', '.join(idle)}")


def _ordered(rows: Sequence[Row], config: TrainConfig) -> list[Row]:
    batches = config.max_steps * config.gradient_accumulation_steps
    return order_rows(rows, batch_size=config.batch_size, batches=batches, seed=config.seed)


def _peft_config(config: TrainConfig) -> PeftConfig:
    if config.adapter_type == "ia3":
        return IA3Config(
            target_modules=list(config.target_modules),
            feedforward_modules=list(config.feedforward_modules or ()),
            task_type="CAUSAL_LM",
        )
    if config.rank is None or config.alpha is None:
        raise TrainingError(f"rank, alpha: expected both for {config.adapter_type}, got {config.rank}, {config.alpha}")
    return LoraConfig(
        r=config.rank,
        lora_alpha=config.alpha,
        lora_dropout=config.dropout,
        target_modules=list(config.target_modules),
        rank_pattern=dict(config.rank_pattern),
        use_dora=config.adapter_type == "dora",
        use_rslora=config.use_rslora,
        task_type="CAUSAL_LM",
    )


def _arguments(config: TrainConfig, checkpoints: Path) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(checkpoints),
        max_steps=config.max_steps,
        per_device_train_batch_size=config.batch_size,
        gradient_accumulation_steps=config.gradient_accumulation_steps,
        learning_rate=config.learning_rate,
        lr_scheduler_type=config.lr_scheduler,
        warmup_steps=config.warmup_steps,
        weight_decay=config.weight_decay,
        logging_steps=config.logging_steps,
        logging_first_step=True,
        save_steps=config.save_steps,
        save_total_limit=2,
        seed=config.seed,
        train_sampling_strategy="sequential",
        dataloader_pin_memory=False,
        disable_tqdm=True,
        report_to="none",
    )


def _curve(trainer: Trainer) -> list[Point]:
    """The logged losses, those before a checkpoint included."""
    return [
        Point(step=int(entry["step"]), loss=float(entry["loss"]), learning_rate=float(entry["learning_rate"]))
        for entry in trainer.state.log_history
        if "loss" in entry
    ]


def _collect(wrapped: PeftModel, config: TrainConfig) -> Adapter:
    """What was learnt, as arrays."""
    named = {
        name: values.detach().to("cpu", torch.float32).numpy()
        for name, values in get_peft_model_state_dict(wrapped).items()
    }
    if not all(np.isfinite(values).all() for values in named.values()):
        raise TrainingError("the adapter: expected finite weights, got others", hint="lower learning_rate")
    return learnt(
        named, rank=config.rank, alpha=config.alpha, is_stabilized=config.use_rslora,
        dropout=config.dropout, feedforward_modules=config.feedforward_modules or (),
    )  # fmt: skip
