"""``training.config``: every setting that a manifest may name. What a trainer does with each is not said here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from expertkit.fields import Formerly, NotBoth, Range, When
from expertkit.fields.rules import ObjectRule
from expertkit.manifest.kinds import (
    AdapterType,
    Alpha,
    Dropout,
    LearningRate,
    NotNegative,
    Positive,
    PromptInit,
    PromptTokens,
    Rank,
    Scheduler,
    Seed,
    Share,
    TargetModules,
    Threads,
    Words,
)

Moments = Literal["no", "steps", "epoch"]
Epochs = Annotated[float, Range(above=0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingConfig:
    """Some of these: the weakest layer of a recipe; in a package all that the recipe resolved to."""

    RULES: ClassVar[tuple[ObjectRule, ...]] = (
        When("adapter_type", ("ia3", "prompt"), forbids=("rank", "alpha")),
        NotBoth("epochs", "num_epochs"),
    )

    method: Literal["sft", "rlhf", "dpo"] | None = None
    adapter_type: AdapterType | None = None
    rank: Rank | None = None
    alpha: Alpha | None = None
    use_rslora: bool | None = None
    rank_pattern: Mapping[str, Rank] | None = None
    dropout: Dropout | None = None
    target_modules: TargetModules | None = None
    feedforward_modules: TargetModules | None = None
    prompt_tokens: PromptTokens | None = None
    prompt_init: PromptInit | None = None
    prompt_init_text: Words | None = None
    max_adapter_share: Annotated[float, Range(above=0, high=1)] | None = None
    epochs: Epochs | None = None
    num_epochs: Epochs | None = None
    max_steps: Positive | None = None
    learning_rate: LearningRate | None = None
    batch_size: Positive | None = None
    gradient_accumulation_steps: Positive | None = None
    warmup_steps: NotNegative | None = None
    warmup_ratio: Share | None = None
    lr_scheduler: Scheduler | None = None
    lr_scheduler_kwargs: Mapping[str, Any] | None = None
    optim: Literal["adamw_torch", "adamw_torch_fused", "adamw_bnb_8bit", "sgd"] | None = None
    weight_decay: Share | None = None
    max_grad_norm: Annotated[float, Range(low=0)] | None = None
    max_seq_length: Annotated[int, Range(low=8)] | None = None
    seed: Seed | None = None
    threads: Threads | None = None
    processes: Positive | None = None
    packing: bool | None = None
    completion_only: bool | None = None
    group_by_length: bool | None = None
    bf16: bool | None = None
    fp16: bool | None = None
    use_tf32: bool | None = None
    use_sdpa: bool | None = None
    flash_attention_2: bool | None = None
    memory_efficient_attention: bool | None = None
    activation_checkpointing: bool | None = None
    gradient_checkpointing: Annotated[bool, Formerly(Literal["selective", "full"])] | None = None
    gradient_checkpointing_kwargs: Mapping[str, Any] | None = None
    torch_compile: bool | None = None
    torch_compile_backend: Words | None = None
    torch_compile_mode: Words | None = None
    use_unsloth: bool | None = None
    use_cuda_graphs: bool | None = None
    cuda_graph_warmup_steps: NotNegative | None = None
    memory_clear_every: NotNegative | None = None
    dataloader_num_workers: NotNegative | None = None
    dataloader_pin_memory: bool | None = None
    dataloader_prefetch_factor: Positive | None = None
    dataloader_persistent_workers: bool | None = None
    save_strategy: Moments | None = None
    save_steps: Positive | None = None
    save_total_limit: Positive | None = None
    evaluation_strategy: Moments | None = None
    eval_steps: Positive | None = None
    logging_steps: Positive | None = None
    load_best_model_at_end: bool | None = None
    metric_for_best_model: Words | None = None
    greater_is_better: bool | None = None
