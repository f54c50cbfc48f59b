"""Sanity of the comparison: what teaches nothing must score like nothing."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from expertkit.adapters import Factors, Lora
from expertkit.data.domain import domain
from expertkit.data.items import Item
from expertkit.data.prompt import Turn, completion, render
from expertkit.data.templates import TEMPLATES
from expertkit.evaluation.arm import Answer, run_arm
from expertkit.evaluation.graders.sql import SqlGrader
from expertkit.runtime.generation import Decoding, answer_prompts
from expertkit.runtime.loading import attach, load_base
from expertkit.training.adapter import train_adapter
from expertkit.training.plan import plan
from expertkit.training.rows import encode_row
from tests.training.test_adapter import CONFIG, NOBODY

if TYPE_CHECKING:
    from expertkit.runtime.generation import Model

_SQL = domain("sql")
_MODULES = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


def _answering(model: Model, tokenizer: object) -> Answer:
    decoding = Decoding(end=tokenizer.eos_token_id, max_new_tokens=60, batch_size=50)  # type: ignore[attr-defined]
    return lambda prompts: answer_prompts(model, tokenizer, prompts, decoding=decoding)  # type: ignore[arg-type]


def _grader(items: Sequence[Item]) -> SqlGrader:
    return SqlGrader(scripts={item.id: _SQL.trials(item) for item in items})


def test_an_untrained_adapter_equals_the_base_item_by_item(nano_base: Path) -> None:
    """With its second factor at zero an adapter adds nothing, so neither arm is favoured by the machinery."""
    items = list(_SQL.generate("test", count=12, seed=1))
    base, tokenizer = load_base(nano_base)
    rng = np.random.default_rng(0)
    zero = Factors(a=rng.normal(size=(4, 32)).astype(np.float32), b=np.zeros((64, 4), dtype=np.float32))
    lora = Lora(rank=4, alpha=8, modules={f"model.layers.{layer}.self_attn.q_proj": zero for layer in range(2)})

    alone = run_arm(items, _answering(base, tokenizer), _grader(items), template=TEMPLATES["chatml"])
    adapted = run_arm(
        items,
        _answering(attach(load_base(nano_base)[0], lora, base="nano"), tokenizer),
        _grader(items),
        template=TEMPLATES["chatml"],
    )

    assert adapted == alone


def test_the_gold_answers_score_one(nano_base: Path) -> None:
    """The other end of the scale: whoever knows the answers is right on every item."""
    del nano_base
    items = list(_SQL.generate("test", count=45, seed=1))

    arm = run_arm(items, lambda _prompts: [item.answer for item in items], _grader(items), template=TEMPLATES["chatml"])

    assert arm.score("rows") == arm.score("parses") == 1.0


def test_an_expert_of_shuffled_answers_knows_nothing(tmp_path: Path) -> None:
    """Trained the same way on answers to other questions, it scores under 0.05 where the real one does not."""
    train = list(_SQL.generate("train", count=4800, seed=1))
    answers = random.Random(1).sample([item.answer for item in train], k=len(train))
    shuffled = [replace(item, answer=answer) for item, answer in zip(train, answers, strict=True)]

    assert _trained_score(shuffled, tmp_path / "shuffled") < 0.05
    assert _trained_score(train, tmp_path / "real") > 0.1


def _trained_score(train: Sequence[Item], checkpoints: Path) -> float:
    """Accuracy on 90 test items after a short training on the smaller base in git."""
    model, tokenizer = load_base(Path("models/qwen3-tiny"))
    rows = [
        encode_row(
            tokenizer,
            prompt=render(TEMPLATES["chatml"], Turn(question=item.question, context=item.context)),
            completion=completion(TEMPLATES["chatml"], item.answer),
        )
        for item in train
    ]
    config = replace(
        CONFIG, rank=16, alpha=32, target_modules=_MODULES, dropout=0.0, max_steps=150, batch_size=32,
        learning_rate=4e-3, warmup_steps=10, save_steps=1000, logging_steps=50,
    )  # fmt: skip
    lora, _ = train_adapter(model, tokenizer, plan(rows, config), config, checkpoints=checkpoints, listener=NOBODY)
    items = list(_SQL.generate("test", count=90, seed=1))
    expert = attach(load_base(Path("models/qwen3-tiny"))[0], lora, base="qwen3-tiny")
    return run_arm(items, _answering(expert, tokenizer), _grader(items), template=TEMPLATES["chatml"]).score("rows")
