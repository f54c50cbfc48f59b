"""How an adapter is trained: the section ``train`` of recipes and named configs, each setting with its effect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from expertkit.fields import NotBoth, OneOf, Range, When
from expertkit.manifest.kinds import (
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


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """Everything that decides how an adapter is trained on given data."""

    adapter_type: Literal["lora", "dora", "ia3", "prompt"]
    """lora adds a product of two low-rank matrices, dora also norms rows, ia3 scales, prompt puts tokens before."""
    rank: Rank | None = None
    """Inner dimension of the update; parameters grow with it. For lora and dora only."""
    alpha: Annotated[int, Range(1, 1024)] | None = None
    """The update is scaled by alpha / rank. For lora and dora only."""
    use_rslora: bool = False
    """Whether the update is scaled by alpha / sqrt(rank), which keeps large ranks stable. For lora and dora only."""
    rank_pattern: Mapping[str, Rank] = field(default_factory=dict)
    """End of a layer's path, such as layers.0.self_attn.q_proj, to a rank of its own. For lora and dora only."""
    dropout: Annotated[float, Range(0, 0.9)] = 0.0
    """Fraction of the adapter's inputs set to zero in training. For lora and dora only."""
    target_modules: TargetModules | None = None
    """Linear layers that get an adapter, in every block. Not for prompt."""
    feedforward_modules: TargetModules | None = None
    """Those of them whose inputs are scaled in place of their outputs. For ia3 only."""
    prompt_tokens: PromptTokens | None = None
    """Tokens that are learnt. For prompt only."""
    prompt_init: PromptInit | None = None
    """What they begin as: tokens of the vocabulary by chance, those of a text, or noise. For prompt only."""
    prompt_init_text: Words | None = None
    """That text, repeated or cut to as many tokens."""
    max_adapter_share: Annotated[float, Range(above=0, high=1)] = 0.5
    """Most weights of the adapter, as a share of the base's; a larger one is refused before it is trained."""
    max_steps: Positive | None = None
    """Optimizer steps in all; or epochs."""
    epochs: Annotated[float, Range(above=0)] | None = None
    """Passes over the rows, rounded up to whole steps; or max_steps."""
    learning_rate: LearningRate
    """Largest learning rate, reached after the warm-up."""
    batch_size: Positive
    """Rows in one forward pass; of all processes together."""
    gradient_accumulation_steps: Positive
    """Forward passes in one optimizer step."""
    warmup_steps: NotNegative | None = None
    """Steps in which the learning rate rises from 0; or warmup_ratio."""
    warmup_ratio: Share | None = None
    """The same as a share of all steps, rounded up."""
    lr_scheduler: Scheduler
    """How the learning rate falls after the warm-up."""
    lr_scheduler_kwargs: Mapping[str, Any] = field(default_factory=dict)
    """What the scheduler takes besides, such as {num_cycles: 3}."""
    optim: Literal["adamw_torch", "adamw_torch_fused", "adamw_bnb_8bit", "sgd"] = "adamw_torch_fused"
    """The optimizer; adamw_bnb_8bit needs bitsandbytes and a GPU."""
    weight_decay: Share
    """Decoupled weight decay of AdamW."""
    max_grad_norm: Annotated[float, Range(low=0)] = 1.0
    """Largest norm of a step's gradient; a larger one is scaled down, 0 leaves every one as it is."""
    max_seq_length: Annotated[int, Range(8, 131_072)]
    """Tokens of a rendered item, which is never cut; with packing, of a row."""
    packing: bool = False
    """Whether several items share a row, each seeing itself alone."""
    group_by_length: bool = True
    """Whether items of similar length stand side by side, among a few batches."""
    completion_only: bool = True
    """Whether only the answer is learnt, or the question as well."""
    bf16: bool = False
    """Whether matrix products are computed in bfloat16."""
    fp16: bool = False
    """Whether they are computed in float16, with scaled losses; needs a GPU."""
    use_tf32: bool = False
    """Whether float32 products may be rounded to TensorFloat-32; needs a GPU of NVIDIA's Ampere or later."""
    use_sdpa: bool = True
    """Whether attention is PyTorch's fused one, where the base's architecture has it, or its plain formula."""
    flash_attention_2: bool = False
    """Whether attention is the flash-attn package's; needs it, a GPU, and bf16 or fp16."""
    gradient_checkpointing: bool = False
    """Whether activations are computed again instead of kept: less memory, more time."""
    seed: Seed
    """Seed of initialisation, dropout and order."""
    threads: Threads
    """CPU threads; part of the recipe because sums depend on it."""
    processes: Annotated[int, Range(1, 1024)] = 1
    """Processes that share a step's rows, on one computer or several; batch_size is divided among them."""
    logging_steps: Positive
    """Steps between two points of the loss curve."""
    eval_steps: Positive | None = None
    """Steps between two measurements of the loss on dev, a multiple of logging_steps; null for none."""
    load_best_model_at_end: bool = False
    """Whether the adapter with the least loss on dev is taken, or the last; needs eval_steps equal to save_steps."""
    save_steps: Positive
    """Steps between two checkpoints."""
    save_total_limit: Positive = 2
    """Checkpoints that are kept, the best one included."""


_OF_PROMPTS = ("prompt_tokens", "prompt_init", "prompt_init_text")

TRAIN_RULES = (
    When("adapter_type", ("lora", "dora"), needs=("rank", "alpha"), forbids=("feedforward_modules",)),
    When("adapter_type", ("ia3", "prompt"), forbids=("rank", "alpha", "use_rslora", "rank_pattern", "dropout")),
    When("adapter_type", ("lora", "dora", "ia3"), needs=("target_modules",), forbids=_OF_PROMPTS),
    When("adapter_type", ("prompt",), needs=_OF_PROMPTS[:2], forbids=("target_modules", "feedforward_modules")),
    When("prompt_init", ("text",), needs=("prompt_init_text",)),
    When("prompt_init", ("random", "vocab_sample"), forbids=("prompt_init_text",)),
    OneOf("max_steps", "epochs"),
    OneOf("warmup_steps", "warmup_ratio"),
    NotBoth("bf16", "fp16"),
)
"""What the settings that all layers give together have to obey."""
