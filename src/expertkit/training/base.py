"""Embedded base models: small Qwen3-architecture models, built from a seed and a curriculum.

A fresh clone has no hub; these stand in for one, so that every command does its real job. Everything
after this module treats them like any other base.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import torch
from transformers import (
    PreTrainedTokenizerFast,
    PrinterCallback,
    Qwen3Config,
    Qwen3ForCausalLM,
    Trainer,
    TrainingArguments,
)

from expertkit.data.curriculum import Passage, passages
from expertkit.data.prompt import Turn, completion, render
from expertkit.data.templates import TEMPLATES
from expertkit.fields import Entries, Range
from expertkit.manifest.kinds import Positive, Seed, Threads
from expertkit.recipes.recipe import Domain
from expertkit.training.callback import Measure, ReportToProgress
from expertkit.training.rows import Padding, Row, encode_row, level_rows
from expertkit.training.tokenizer import END, PAD, train_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_CHAT = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

_TEMPLATE = TEMPLATES["chatml"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseBuild:
    """How an embedded base is made; together with the code it decides every byte."""

    seed: Seed
    vocabulary: Annotated[int, Range(300, 100_000)]
    """Tokens, 1,000 to 2,000 for the four languages."""
    tokenizer_seed: Seed
    domains: Annotated[tuple[Domain, ...], Entries(low=1)]
    """Whose questions it reads, and whose words are whole tokens."""
    hidden_size: Positive
    intermediate_size: Positive
    layers: Positive
    heads: Positive
    """Query heads of 64 dimensions; keys and values have one head."""
    steps: Positive
    batch_size: Positive
    """Passages a step."""
    learning_rate: Annotated[float, Range(above=0, high=1)]
    max_positions: Positive
    threads: Threads
    """Processor threads; another number gives other bytes."""


def build_base(config: BaseBuild, target: Path, *, scratch: Path, measure: Measure) -> None:
    """Train tokenizer and model and write them to ``target`` as a transformers directory in bfloat16.

    Args:
        config: what to build.
        target: a folder, made if missing.
        scratch: where the Trainer may write.
        measure: told the step, the loss and the learning rate as training goes.
    """
    torch.set_num_threads(config.threads)
    tokenizer: PreTrainedTokenizerBase = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=train_tokenizer(
            vocabulary=config.vocabulary, seed=config.tokenizer_seed, domains=config.domains
        ),
        eos_token=END,
        pad_token=PAD,
        chat_template=_CHAT,
        model_max_length=config.max_positions,
    )
    model = _pretrain(_new_model(config, tokenizer), tokenizer, config, scratch=scratch, measure=measure)
    target.mkdir(parents=True, exist_ok=True)
    model.bfloat16().save_pretrained(target)
    tokenizer.save_pretrained(target)


def _new_model(config: BaseBuild, tokenizer: PreTrainedTokenizerBase) -> Qwen3ForCausalLM:
    torch.manual_seed(config.seed)
    return Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=len(tokenizer),
            hidden_size=config.hidden_size,
            intermediate_size=config.intermediate_size,
            num_hidden_layers=config.layers,
            num_attention_heads=config.heads,
            num_key_value_heads=1,
            head_dim=64,
            max_position_embeddings=config.max_positions,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def _pretrain(
    model: Qwen3ForCausalLM, tokenizer: PreTrainedTokenizerBase, config: BaseBuild, *, scratch: Path, measure: Measure
) -> Qwen3ForCausalLM:
    encode = _encoder(tokenizer, config.max_positions)
    read = passages(config.seed, config.steps * config.batch_size, domains=config.domains)
    rows = [encode(passage) for passage in read]
    arguments = TrainingArguments(
        output_dir=str(scratch),
        max_steps=config.steps,
        per_device_train_batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=config.steps // 20,
        weight_decay=0.01,
        logging_steps=10,
        save_strategy="no",
        seed=config.seed,
        train_sampling_strategy="sequential",
        use_cpu=True,
        disable_tqdm=True,
        report_to="none",
    )
    trainer = Trainer(
        model=model,
        args=arguments,
        train_dataset=level_rows(rows, batch_size=config.batch_size, seed=config.seed),
        data_collator=Padding(tokenizer.pad_token_id),
        callbacks=[ReportToProgress(measure)],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    return model


def _encoder(tokenizer: PreTrainedTokenizerBase, longest: int) -> Callable[[Passage], Row]:
    def encode(passage: Passage) -> Row:
        prompt = render(_TEMPLATE, Turn(question=passage.prompt)) if passage.prompt else ""
        row = encode_row(tokenizer, prompt=prompt, completion=completion(_TEMPLATE, passage.text))
        return {**row, "input_ids": row["input_ids"][:longest], "labels": row["labels"][:longest]}

    return encode
