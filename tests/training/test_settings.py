"""Every training setting takes effect in a real run, or is refused by name.

A setting that changes nothing would be believed. Each key of a recipe's section ``train`` is changed here, and a run of
five steps is looked at: what was learnt, the curve, the optimizer that was saved, the memory that was kept, the
operations that ran; never an object of settings. What a manifest may name besides, the line refuses.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.overrides import TorchFunctionMode
from transformers import PreTrainedTokenizerBase

from expertkit.adapters import describe, encode_tensors
from expertkit.adapters.tensors import decode
from expertkit.data.domain import domain
from expertkit.data.items import Item
from expertkit.data.prompt import Turn, completion, render
from expertkit.data.templates import TEMPLATES
from expertkit.errors import ConfigError, ManifestError, TrainingError
from expertkit.fields import declared
from expertkit.manifest.settings import TrainingConfig
from expertkit.recipes import TrainConfig, resolve
from expertkit.runtime.loading import load_base
from expertkit.runtime.soft_prompt import virtual_ids
from expertkit.training.adapter import Point, train_adapter
from expertkit.training.arguments import attention, check_computer
from expertkit.training.callback import Listener
from expertkit.training.checkpoints import checkpoints
from expertkit.training.plan import plan
from expertkit.training.rows import Row, encode_row
from tests.recipes.builders import edit, make_project

BASELINE = TrainConfig(
    adapter_type="lora", rank=4, alpha=8, dropout=0.0, target_modules=("q_proj", "down_proj"), max_steps=5,
    learning_rate=1e-2, batch_size=4, gradient_accumulation_steps=1, warmup_steps=0, lr_scheduler="cosine",
    weight_decay=0.0, max_seq_length=512, seed=1, threads=1, logging_steps=1, save_steps=5,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a run of a few steps left behind."""

    tensors: bytes
    curve: tuple[Point, ...]
    checkpoints: tuple[str, ...]
    moments: frozenset[str]
    """What the optimizer keeps for a parameter."""
    kept_bytes: int
    """Bytes of activations that were kept for the backward passes."""
    fused_attention: int
    """Calls of PyTorch's fused attention."""
    half_products: int
    """Matrix products in bfloat16."""
    threads: int

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Of what was learnt."""
        return {name: values.shape for name, values in decode(self.tensors)[0].items()}

    @property
    def rates(self) -> list[float]:
        """Learning rates, step by step."""
        return [point.learning_rate for point in self.curve]

    @property
    def losses(self) -> list[float]:
        """Losses, step by step."""
        return [point.loss for point in self.curve]


class Watch(TorchFunctionMode):
    """Counts operations as they run."""

    def __init__(self) -> None:
        super().__init__()
        self.fused = 0
        self.half = 0

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        self.fused += func is torch.nn.functional.scaled_dot_product_attention
        self.half += func is torch.nn.functional.linear and result.dtype is torch.bfloat16
        return result


class Trainings:
    """Runs of the settings that are asked for, each once."""

    def __init__(self, base: Path, scratch: Path) -> None:
        self.base = base
        self.scratch = scratch
        self.run = cache(self._run)

    def _run(self, changes: tuple[tuple[str, Any], ...]) -> Run:
        config = replace(BASELINE, **{key: dict(value) if key in MAPPINGS else value for key, value in changes})
        check_computer(config)
        model, tokenizer = load_base(self.base, attention=attention(config))
        items = list(domain("sql").generate("train", count=24, seed=1))
        rows = [encode(tokenizer, item, config) for item in items]
        folder = self.scratch / str(abs(hash(changes)))
        watch, kept, threads = Watch(), [0], [0]

        def keep(values: torch.Tensor) -> torch.Tensor:
            kept[0] += values.numel() * values.element_size()
            return values

        def measure(_step: int, _values: dict[str, float]) -> None:
            threads[0] = torch.get_num_threads()

        with watch, torch.autograd.graph.saved_tensors_hooks(keep, lambda values: values):
            adapter, curve = train_adapter(
                model,
                tokenizer,
                plan(rows, config, dev=rows[:4]),
                config,
                checkpoints=folder,
                listener=Listener(measure=measure, say=lambda _note: None),
            )
        saved = torch.load(max(folder.glob("checkpoint-*/optimizer.pt"), key=lambda path: path.stat().st_mtime))
        moments = {name for state in saved["state"].values() for name, value in state.items() if value is not None}
        return Run(
            tensors=encode_tensors(adapter), curve=tuple(curve),
            checkpoints=tuple(sorted(path.name for path in checkpoints(folder))), moments=frozenset(moments),
            kept_bytes=kept[0], fused_attention=watch.fused, half_products=watch.half, threads=threads[0],
        )  # fmt: skip


MAPPINGS = {"rank_pattern", "lr_scheduler_kwargs"}


def encode(tokenizer: PreTrainedTokenizerBase, item: Item, config: TrainConfig) -> Row:
    """An item as a row, as the stage makes it."""
    prompt = render(TEMPLATES["chatml"], Turn(question=item.question, context=item.context))
    learnt = not config.completion_only
    return encode_row(
        tokenizer, prompt=prompt, completion=completion(TEMPLATES["chatml"], item.answer), is_prompt_learnt=learnt,
        prefix=virtual_ids(config.prompt_tokens or 0),
    )  # fmt: skip


@pytest.fixture(scope="module")
def trainings(nano_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Trainings:
    """The runs of this file."""
    return Trainings(nano_base, tmp_path_factory.mktemp("checkpoints"))


@dataclass(frozen=True, slots=True)
class Effect:
    """A setting with another value, and what a run has to show of it."""

    changes: dict[str, Any]
    shows: Callable[[Run, Run], bool]
    """Given the run with the other value and the one without."""
    beside: dict[str, Any] | None = None
    """What both runs have beside it."""


def learns_otherwise(run: Run, before: Run) -> bool:
    """Other numbers in the same places."""
    return run.tensors != before.tensors and run.shapes == before.shapes


IA3 = {"adapter_type": "ia3", "rank": None, "alpha": None}
PROMPT = {
    "adapter_type": "prompt", "rank": None, "alpha": None, "target_modules": None,
    "prompt_tokens": 4, "prompt_init": "vocab_sample",
}  # fmt: skip
PACKED = {"packing": True, "max_seq_length": 200}
EFFECTS: dict[str, Effect] = {
    "adapter_type": Effect(IA3, lambda run, _: describe(run.shapes) == "ia3 on down_proj, q_proj"),
    "rank": Effect({"rank": 2}, lambda run, _: "rank 2" in describe(run.shapes)),
    "alpha": Effect({"alpha": 64}, learns_otherwise),
    "use_rslora": Effect({"use_rslora": True}, learns_otherwise),
    "rank_pattern": Effect(
        {"rank_pattern": (("layers.0.self_attn.q_proj", 2),)},
        lambda run, _: {shape[0] for name, shape in run.shapes.items() if name.endswith("lora_A.weight")} == {2, 4},
    ),
    "dropout": Effect({"dropout": 0.5}, learns_otherwise),
    "target_modules": Effect(
        {"target_modules": ("v_proj",)}, lambda run, _: describe(run.shapes).endswith("on v_proj")
    ),
    "feedforward_modules": Effect(
        {"feedforward_modules": ("down_proj",)}, lambda run, before: run.shapes != before.shapes, IA3
    ),
    "prompt_tokens": Effect({"prompt_tokens": 6}, lambda run, _: describe(run.shapes) == "prompt of 6 tokens", PROMPT),
    "prompt_init": Effect({"prompt_init": "random"}, learns_otherwise, PROMPT),
    "prompt_init_text": Effect(
        {"prompt_init_text": "of"}, learns_otherwise, {**PROMPT, "prompt_init": "text", "prompt_init_text": "the"}
    ),
    "max_steps": Effect({"max_steps": 3}, lambda run, _: [point.step for point in run.curve] == [1, 2, 3]),
    "epochs": Effect({"max_steps": None, "epochs": 0.5}, lambda run, _: len(run.curve) == 3),
    "learning_rate": Effect({"learning_rate": 1e-3}, lambda run, _: run.rates[0] == pytest.approx(1e-3)),
    "batch_size": Effect({"batch_size": 8}, lambda run, before: run.kept_bytes > 1.5 * before.kept_bytes),
    "gradient_accumulation_steps": Effect(
        {"gradient_accumulation_steps": 2}, lambda run, before: 1.5 < run.kept_bytes / before.kept_bytes < 2.5
    ),
    "warmup_steps": Effect({"warmup_steps": 3}, lambda run, _: run.rates[0] < run.rates[1] < run.rates[2]),
    "warmup_ratio": Effect(
        {"warmup_steps": None, "warmup_ratio": 0.5}, lambda run, _: run.rates[0] < run.rates[1] < run.rates[2]
    ),
    "lr_scheduler": Effect({"lr_scheduler": "constant"}, lambda run, _: len(set(run.rates)) == 1),
    "lr_scheduler_kwargs": Effect(
        {"lr_scheduler_kwargs": (("num_cycles", 3),)},
        lambda run, before: run.rates != before.rates,
        {"lr_scheduler": "cosine_with_restarts"},
    ),
    "optim": Effect(
        {"optim": "sgd"}, lambda run, before: run.moments != before.moments == {"step", "exp_avg", "exp_avg_sq"}
    ),
    "weight_decay": Effect({"weight_decay": 0.9}, learns_otherwise),
    "max_grad_norm": Effect({"max_grad_norm": 1e-6}, learns_otherwise, {"optim": "sgd"}),
    "packing": Effect(PACKED, lambda run, before: run.kept_bytes > 1.2 * before.kept_bytes),
    "max_seq_length": Effect(
        {"max_seq_length": 100}, lambda run, before: run.kept_bytes < 0.8 * before.kept_bytes, {**PACKED}
    ),
    "group_by_length": Effect({"group_by_length": False}, learns_otherwise),
    "completion_only": Effect({"completion_only": False}, learns_otherwise),
    "bf16": Effect({"bf16": True}, lambda run, before: run.half_products > before.half_products == 0),
    "use_sdpa": Effect({"use_sdpa": False}, lambda run, before: before.fused_attention > run.fused_attention == 0),
    "gradient_checkpointing": Effect(
        {"gradient_checkpointing": True}, lambda run, before: run.kept_bytes < 0.8 * before.kept_bytes
    ),
    "seed": Effect({"seed": 2}, learns_otherwise),
    "threads": Effect({"threads": 2}, lambda run, before: (run.threads, before.threads) == (2, 1)),
    "logging_steps": Effect({"logging_steps": 2}, lambda run, _: [point.step for point in run.curve] == [1, 2, 4]),
    "eval_steps": Effect({"eval_steps": 2}, lambda run, _: [p.step for p in run.curve if p.dev_loss] == [2, 4, 5]),
    "load_best_model_at_end": Effect(
        {"load_best_model_at_end": True}, learns_otherwise, {"learning_rate": 1.0, "eval_steps": 1, "save_steps": 1}
    ),
    "save_steps": Effect(
        {"save_steps": 2}, lambda run, _: run.checkpoints == ("checkpoint-4", "checkpoint-5"), {"save_total_limit": 2}
    ),
    "save_total_limit": Effect(
        {"save_total_limit": 1}, lambda run, before: len(run.checkpoints) < len(before.checkpoints), {"save_steps": 2}
    ),
}
REFUSED_HERE = {"fp16": True, "use_tf32": True, "flash_attention_2": True}
"""What needs a GPU."""
TRIED_ELSEWHERE = {
    "max_adapter_share",  # decides whether there is a run: test_size
    "processes",  # takes a launcher: test_processes, and the line's test_training
}


def test_every_setting_is_tried() -> None:
    """A new key without a row here would be one that nobody has seen take effect."""
    assert {*EFFECTS, *REFUSED_HERE, *TRIED_ELSEWHERE} == {field.name for field in fields(TrainConfig)}


@pytest.mark.parametrize("key", EFFECTS)
def test_a_setting_takes_effect(trainings: Trainings, key: str) -> None:
    """In a real run, beside the run without it."""
    effect = EFFECTS[key]
    beside = tuple((effect.beside or {}).items())

    before, run = trainings.run(beside), trainings.run((*beside, *effect.changes.items()))

    assert effect.shows(run, before)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this computer can")
@pytest.mark.parametrize(("key", "value"), [*REFUSED_HERE.items(), ("optim", "adamw_bnb_8bit")])
def test_what_this_computer_cannot_do_is_refused(key: str, value: object) -> None:
    """By name, before anything is trained."""
    with pytest.raises(TrainingError, match=key):
        check_computer(replace(BASELINE, **{key: value}))


def test_what_does_not_go_together_is_refused() -> None:
    """All of it at once."""
    wrong = replace(BASELINE, bf16=True, fp16=True, load_best_model_at_end=True, eval_steps=2, logging_steps=4)

    with pytest.raises(TrainingError, match=r"bf16, fp16: expected one of them.*eval_steps: .*load_best_model_at_end"):
        check_computer(wrong)


BESIDE: dict[str, Any] = {"method": "rlhf", "num_epochs": 2}
VALUES: dict[str, Any] = {
    "evaluation_strategy": "steps", "save_strategy": "steps", "gradient_checkpointing_kwargs": {"use_reentrant": True},
    "torch_compile_backend": "x", "torch_compile_mode": "x", "metric_for_best_model": "x", **BESIDE,
}  # fmt: skip
UNTRAINED = [key for key in declared(TrainingConfig) if key not in declared(TrainConfig)]


@pytest.mark.parametrize("key", UNTRAINED)
def test_what_a_manifest_may_name_and_the_line_does_not_do_is_refused(tmp_path: Path, key: str) -> None:
    """By its pointer, whatever it would have meant."""
    kind = str(declared(TrainingConfig)[key])
    value = VALUES.get(key, True if "bool" in kind else 1)
    project = make_project(tmp_path)
    setting = f'"adapter_type": "lora", {json.dumps(key)}: {json.dumps(value)}'
    edit(project / "experts/expert-sql/manifest.json", '"adapter_type": "lora"', setting)

    with pytest.raises((ManifestError, ConfigError)) as refusal:
        resolve(project)

    assert [problem.place for problem in refusal.value.problems] == [f"/training/config/{key}"]
