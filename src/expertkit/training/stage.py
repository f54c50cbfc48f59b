"""The stage ``train``: base and data in, the adapter with its curve and circumstances out."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expertkit import bases, layout
from expertkit.adapters import CONFIG, TENSORS, Adapter, encode_config, encode_tensors
from expertkit.data.items import Item, data_folder, read_items
from expertkit.data.prompt import Template, Turn, completion, render
from expertkit.data.templates import open_template
from expertkit.errors import TrainingError
from expertkit.files import canonical_json, listing_digest, replace_folder, sha256_bytes, sha256_file, write_json
from expertkit.progress import Progress
from expertkit.recipes import Recipe, TrainConfig
from expertkit.runtime.loading import load_base, load_tokenizer
from expertkit.runtime.soft_prompt import virtual_ids
from expertkit.sources import CODE, digest_sources
from expertkit.training.adapter import Point, train_adapter
from expertkit.training.arguments import attention, check_computer
from expertkit.training.callback import Listener
from expertkit.training.environment import describe_environment
from expertkit.training.memory import Fitted, fit
from expertkit.training.plan import Plan, plan
from expertkit.training.processes import hush, is_first
from expertkit.training.rows import Row, encode_row
from expertkit.training.size import check_size

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Following = Callable[[int], AbstractContextManager[Progress]]
"""Opens for a number of steps what is told of each of them."""
Learnt = tuple[Adapter, list[Point]]
"""An adapter with its loss curve."""


def train_expert(project: Path, recipe: Recipe, following: Following) -> dict[str, Any]:
    """Train the adapter of a recipe and write ``build/train/<key>/``.

    Args:
        project: root of the project.
        recipe: the expert and base.
        following: given the number of steps, who is told of them.

    Raises:
        CompatibilityError: the base is missing, or another one than the recipe names.
        PackagingError: there is no data.
        TrainingError: an item is too long, the adapter would be too large, this computer cannot train so, or
            training came to nothing.
    """
    if not is_first():
        hush()
    check_computer(recipe.train)
    folder, fingerprint = bases.require(recipe.base_model, project)
    check_size(recipe.train, bases.linear_shapes(folder), base=recipe.base)
    data = data_folder(project, recipe.expert)
    planned = read_plan(data, recipe, load_tokenizer(folder))
    digest = _digest_parts(data, recipe)
    checkpoints = project / layout.CHECKPOINTS / _checkpoint_name(recipe, data=digest, base=fingerprint)
    with following(planned.steps) as progress:
        fitted = _fit(recipe.train, folder, planned, checkpoints, progress)
    target = project / layout.TRAIN / recipe.key
    if is_first():
        _write(target, recipe, planned, fitted)
        shutil.rmtree(checkpoints, ignore_errors=True)  # a finished training is made anew, never resumed
    adapter, curve = fitted.result
    about = {"expert": recipe.expert, "base": recipe.base, "path": str(target)}
    return {**about, "parameters": adapter.parameters, "loss": curve[-1].loss}


def read_plan(data: Path, recipe: Recipe, tokenizer: PreTrainedTokenizerBase) -> Plan:
    """What is learnt of the data in a folder, in which order.

    Raises:
        TrainingError: an item is too long.
    """
    template = open_template(recipe.prompt_template, tokenizer, own=recipe.custom_template, base=recipe.base)
    parts = {
        part: [_encode(tokenizer, item, recipe, template) for item in read_items(data / f"{part}.jsonl")]
        for part in _parts(recipe)
    }
    return plan(parts["train"], recipe.train, dev=parts.get("dev", ()))


def _digest_parts(data: Path, recipe: Recipe) -> str:
    """Digest of what a training reads of the data."""
    files = [data / f"{part}.jsonl" for part in _parts(recipe)]
    return listing_digest({file.name: (file.stat().st_size, sha256_file(file)) for file in files})


def _parts(recipe: Recipe) -> Sequence[str]:
    """The parts of the data that a training reads."""
    return ("train", "dev") if recipe.train.eval_steps else ("train",)


def _fit(config: TrainConfig, base: Path, planned: Plan, checkpoints: Path, progress: Progress) -> Fitted[Learnt]:
    """The adapter, with a smaller batch where memory asks for it; the base is loaded anew for each attempt."""
    listener = Listener(measure=lambda step, values: progress.report(step, **values), say=progress.say)

    def train(settings: TrainConfig, halvings: int) -> Learnt:
        model, tokenizer = load_base(base, attention=attention(settings))
        own = checkpoints / f"halved-{halvings}" if halvings else checkpoints
        return train_adapter(model, tokenizer, planned, settings, checkpoints=own, listener=listener)

    return fit(config, train, say=progress.say)


def _checkpoint_name(recipe: Recipe, *, data: str, base: str) -> str:
    """A folder for this recipe, this data and these circumstances: a checkpoint of others is not gone on from."""
    environment = describe_environment(threads=recipe.train.threads)
    code = digest_sources(CODE)
    circumstances = sha256_bytes(canonical_json({"base": base, "code": code, "environment": environment}))
    return f"{recipe.digest[:16]}-{data[:16]}-{circumstances[:16]}"


def _encode(tokenizer: PreTrainedTokenizerBase, item: Item, recipe: Recipe, template: Template) -> Row:
    prompt = render(template, Turn(question=item.question, context=item.context))
    answer = completion(template, item.answer)
    row = encode_row(
        tokenizer, prompt=prompt, completion=answer, is_prompt_learnt=not recipe.train.completion_only,
        prefix=virtual_ids(recipe.train.prompt_tokens or 0),
    )  # fmt: skip
    if row["length"] > recipe.train.max_seq_length:
        raise TrainingError(
            f"item {item.id}: expected at most {recipe.train.max_seq_length} tokens, got {row['length']}",
            hint="raise max_seq_length, or leave the item out",
        )
    return row


def _write(target: Path, recipe: Recipe, planned: Plan, fitted: Fitted[Learnt]) -> None:
    adapter, curve = fitted.result
    told = {**asdict(fitted.config), "max_steps": planned.steps, "warmup_steps": planned.warmup_steps}
    with replace_folder(target) as folder:
        (folder / TENSORS).write_bytes(encode_tensors(adapter))
        write_json(folder / CONFIG, encode_config(adapter, base=recipe.base))
        write_json(folder / "training_args.json", told)
        write_json(folder / layout.ENVIRONMENT, _circumstances(recipe, halvings=fitted.halvings))
        _write_curve(folder / layout.CURVE, curve, has_dev=bool(recipe.train.eval_steps))


def _circumstances(recipe: Recipe, *, halvings: int) -> dict[str, Any]:
    """What decided the bytes besides recipe, data and base; sums are in another order among processes, or halved."""
    environment = describe_environment(threads=recipe.train.threads)
    return {**environment, "processes": recipe.train.processes, "halvings": halvings}


def _write_curve(path: Path, curve: Sequence[Point], *, has_dev: bool) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        measured = ["dev_loss"] if has_dev else []
        writer.writerow(["step", "loss", "learning_rate", *measured])
        writer.writerows(_row(point)[: 3 + len(measured)] for point in curve)


def _row(point: Point) -> list[object]:
    on_dev = "" if point.dev_loss is None else f"{point.dev_loss:.6f}"
    return [point.step, f"{point.loss:.6f}", f"{point.learning_rate:.6e}", on_dev]
