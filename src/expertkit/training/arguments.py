"""A training's settings in the Trainer's words, and what of them this computer cannot do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import torch
from peft import IA3Config, LoraConfig, PeftConfig
from transformers import TrainingArguments

from expertkit.errors import TrainingError
from expertkit.recipes import TrainConfig
from expertkit.training.checkpoints import unfinished
from expertkit.training.plan import Plan
from expertkit.training.processes import count_processes, find_rest

_AMPERE = (8, 0)


def check_computer(config: TrainConfig) -> None:
    """Return if this computer can train with these settings.

    Raises:
        TrainingError: it cannot; everything at once. Nothing is left out in silence.
    """
    problems = [*_of_processes(config), *_find_problems(config)]
    if problems:
        raise TrainingError("; ".join(problems), hint="change the settings of train, or use another computer")


def _find_problems(config: TrainConfig) -> Iterator[str]:
    has_gpu = torch.cuda.is_available()
    if config.bf16 and config.fp16:
        yield "bf16, fp16: expected one of them, got both"
    if config.fp16 and not has_gpu:
        yield "fp16: expected a GPU, got none"
    if config.use_tf32 and not (has_gpu and torch.cuda.get_device_capability() >= _AMPERE):
        yield "use_tf32: expected a GPU of NVIDIA's Ampere or later, got none"
    if config.flash_attention_2 and not (has_gpu and find_spec("flash_attn") and (config.bf16 or config.fp16)):
        yield "flash_attention_2: expected a GPU, the package flash-attn, and bf16 or fp16"
    if config.optim == "adamw_bnb_8bit" and not (has_gpu and find_spec("bitsandbytes")):
        yield "optim: expected a GPU and the package bitsandbytes for adamw_bnb_8bit"
    if config.eval_steps and config.eval_steps % config.logging_steps:
        yield f"eval_steps: expected a multiple of logging_steps, {config.logging_steps}, got {config.eval_steps}"
    if config.load_best_model_at_end and config.eval_steps != config.save_steps:
        yield f"load_best_model_at_end: expected eval_steps as save_steps, {config.save_steps}, got {config.eval_steps}"


def _of_processes(config: TrainConfig) -> Iterator[str]:
    """What is wrong with how many processes there are: a step has the recipe's rows, whoever reads them."""
    running, here = count_processes(), int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    if running != config.processes:
        yield f"processes: expected {config.processes}, as the recipe says, got {running} launched"
    rest = find_rest(config)
    if rest:
        yield rest
    if torch.cuda.is_available() and here > torch.cuda.device_count():
        yield f"processes: expected a GPU for each of the {here} on this computer, got {torch.cuda.device_count()}"


def attention(config: TrainConfig) -> str | None:
    """Which attention the base is loaded with, as transformers names it; None for the fused one where there is one."""
    return "flash_attention_2" if config.flash_attention_2 else None if config.use_sdpa else "eager"


def peft_settings(config: TrainConfig) -> PeftConfig:
    """What PEFT is told.

    Raises:
        TrainingError: rank or alpha of a LoRA is missing.
    """
    if config.adapter_type == "ia3":
        return IA3Config(
            target_modules=list(config.target_modules or ()),
            feedforward_modules=list(config.feedforward_modules or ()),
            task_type="CAUSAL_LM",
        )
    if config.rank is None or config.alpha is None:
        raise TrainingError(f"rank, alpha: expected both for {config.adapter_type}, got {config.rank}, {config.alpha}")
    return LoraConfig(
        r=config.rank,
        lora_alpha=config.alpha,
        lora_dropout=config.dropout,
        target_modules=list(config.target_modules or ()),
        rank_pattern=dict(config.rank_pattern),
        use_dora=config.adapter_type == "dora",
        use_rslora=config.use_rslora,
        task_type="CAUSAL_LM",
    )


def trainer_arguments(config: TrainConfig, plan: Plan, checkpoints: Path) -> TrainingArguments:
    """What the Trainer of one process is told; it writes checkpoints where they are not finished yet."""
    rows = config.batch_size // config.processes
    arguments = TrainingArguments(
        output_dir=str(unfinished(checkpoints)),
        max_steps=plan.steps,
        per_device_train_batch_size=rows,
        per_device_eval_batch_size=rows,
        gradient_accumulation_steps=config.gradient_accumulation_steps,
        learning_rate=config.learning_rate,
        lr_scheduler_type=config.lr_scheduler,
        lr_scheduler_kwargs=dict(config.lr_scheduler_kwargs),
        warmup_steps=plan.warmup_steps,
        optim=config.optim,
        weight_decay=config.weight_decay,
        max_grad_norm=config.max_grad_norm,
        use_cpu=not torch.cuda.is_available(),
        bf16=config.bf16,
        fp16=config.fp16,
        tf32=config.use_tf32 or None,
        ddp_find_unused_parameters=False,  # every factor is used in every pass
        gradient_checkpointing=config.gradient_checkpointing,
        gradient_checkpointing_kwargs={"use_reentrant": False} if config.gradient_checkpointing else None,
        logging_steps=config.logging_steps,
        logging_first_step=True,
        eval_strategy="steps" if config.eval_steps else "no",
        eval_steps=config.eval_steps,
        load_best_model_at_end=config.load_best_model_at_end,
        save_steps=config.save_steps,
        save_total_limit=config.save_total_limit,
        seed=config.seed,
        train_sampling_strategy="sequential",
        dataloader_pin_memory=False,
        disable_tqdm=True,
        report_to="none",
    )
    arguments._n_gpu = min(1, arguments.n_gpu)  # noqa: SLF001  # on several the Trainer would give each a whole batch
    return arguments
