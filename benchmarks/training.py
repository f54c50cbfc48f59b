"""How fast adapters are trained, beside a plain script of Trainer and PEFT on the same rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import mean, median

import torch
from peft import get_peft_model
from transformers import DataCollatorForSeq2Seq, PrinterCallback, Trainer, TrainingArguments, set_seed

from benchmarks.commands import must, say
from benchmarks.projects import copied
from benchmarks.rows import Lab, Row, at_least, reported
from expertkit import layout
from expertkit.recipes import Recipe, TrainConfig, read_recipe
from expertkit.runtime.loading import load_base, load_tokenizer
from expertkit.training.adapter import train_adapter
from expertkit.training.arguments import peft_settings
from expertkit.training.callback import Listener
from expertkit.training.plan import Plan
from expertkit.training.stage import read_plan

PLAIN, OURS, PACKED = "a plain script", "ours", "ours with packing"

_GOALS = {OURS: 1.0, PACKED: 1.5}
_EXPERT, _BASE = "expert-sql", "qwen3-tiny"
_STEPS = 40
_ROUNDS = 3
NOBODY = Listener(measure=lambda _step, _values: None, say=lambda _note: None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to train."""

    base: Path
    plan: Plan
    config: TrainConfig
    checkpoints: Path
    train: Callable[[Way], Callable[[], object]]
    """Gets ready, and gives what is timed."""

    @property
    def tokens(self) -> int:
        """What is read in all, padding left out."""
        return sum(row["length"] for row in self.plan.rows)


def measure(lab: Lab) -> list[Row]:
    """Training tokens a second against a plain script of Trainer and PEFT: same rows, same steps; and with packing."""
    workspace = copied(lab.scratch / "training", is_nano=False)
    for command in (("recipes",), ("data", "build", "--expert", _EXPERT)):
        must(workspace, "expert-cli", *command)
    ways = _ways(workspace.root, lab.scratch / "checkpoints")
    speeds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(_ROUNDS):
        for name, way in ways.items():
            say(f"  > {name}: {_STEPS} steps, round {turn + 1} of {_ROUNDS}")
            speeds[name].append(way.tokens / _time(way.train(way)))
    return compare({name: median(each) for name, each in speeds.items()})


def compare(speeds: Mapping[str, float]) -> list[Row]:
    """Ratios against their goals, and what they are made of.

    Args:
        speeds: tokens a second, padding left out, of each way.
    """
    ratios = {name: speeds[name] / speeds[PLAIN] for name in _GOALS}
    return [
        *(at_least(f"training tokens/s, {name} / {PLAIN}", ratios[name], limit=goal) for name, goal in _GOALS.items()),
        *(reported(f"training tokens/s, {name}", f"{speed:,.0f}") for name, speed in speeds.items()),
    ]


def _ways(project: Path, scratch: Path) -> dict[str, Way]:
    recipe = read_recipe(project, _EXPERT, _BASE)
    config = replace(recipe.train, max_steps=_STEPS, epochs=None, save_steps=_STEPS, eval_steps=None, packing=False)
    plan = _plan(project, recipe, config)
    several = _packed(config, plan)
    base = project / layout.MODELS / _BASE
    given = {
        PLAIN: (plan, config, _plainly),
        OURS: (plan, config, _ours),
        PACKED: (_plan(project, recipe, several), several, _ours),
    }
    return {
        name: Way(base=base, plan=plan, config=config, train=train, checkpoints=scratch / name)
        for name, (plan, config, train) in given.items()
    }


def _plan(project: Path, recipe: Recipe, config: TrainConfig) -> Plan:
    tokenizer = load_tokenizer(project / layout.MODELS / _BASE)
    return read_plan(project / layout.DATA / _EXPERT, replace(recipe, train=config), tokenizer)


def _packed(config: TrainConfig, plan: Plan) -> TrainConfig:
    """The settings with several items in a row, and so many rows that a step holds about as many tokens."""
    rows = round(config.batch_size * mean(row["length"] for row in plan.rows) / config.max_seq_length)
    return replace(config, packing=True, batch_size=max(1, rows))


def _ours(way: Way) -> Callable[[], object]:
    model, tokenizer = load_base(way.base)
    return partial(
        train_adapter, model, tokenizer, way.plan, way.config,
        checkpoints=way.checkpoints / str(time.monotonic_ns()), listener=NOBODY,
    )  # fmt: skip


def _plainly(way: Way) -> Callable[[], object]:
    """What a person writes with the same libraries: rows shuffled by the Trainer, padded by its collator."""
    torch.set_num_threads(way.config.threads)
    torch.use_deterministic_algorithms(mode=False)
    set_seed(way.config.seed)
    model, tokenizer = load_base(way.base)
    trainer = Trainer(
        model=get_peft_model(model, peft_settings(way.config)),
        args=TrainingArguments(
            output_dir=str(way.checkpoints),
            max_steps=_STEPS,
            per_device_train_batch_size=way.config.batch_size,
            gradient_accumulation_steps=way.config.gradient_accumulation_steps,
            learning_rate=way.config.learning_rate,
            lr_scheduler_type=way.config.lr_scheduler,
            warmup_steps=way.plan.warmup_steps,
            logging_steps=way.config.logging_steps,
            save_steps=way.config.save_steps,
            use_cpu=not torch.cuda.is_available(),
            disable_tqdm=True,
            report_to="none",
        ),
        train_dataset=[{name: row[name] for name in ("input_ids", "labels")} for row in way.plan.rows],
        data_collator=DataCollatorForSeq2Seq(tokenizer, padding=True),
    )
    trainer.remove_callback(PrinterCallback)
    return trainer.train


def _time(work: Callable[[], object]) -> float:
    begun = time.monotonic()
    work()
    return time.monotonic() - begun
