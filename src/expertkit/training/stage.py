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
from expertkit.recipes import Recipe
from expertkit.runtime.loading import load_base
from expertkit.sources import CODE, digest_sources
from expertkit.training.adapter import Point, train_adapter
from expertkit.training.arguments import attention, check_computer
from expertkit.training.environment import describe_environment
from expertkit.training.plan import Plan, plan
from expertkit.training.rows import Row, encode_row

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Following = Callable[[int], AbstractContextManager[Progress]]
"""Opens for a number of steps what is told of each of them."""


def train_expert(project: Path, recipe: Recipe, following: Following) -> dict[str, Any]:
    """Train the adapter of a recipe and write ``build/train/<key>/``.

    Args:
        project: root of the project.
        recipe: the expert and base.
        following: given the number of steps, who is told of them.

    Raises:
        CompatibilityError: the base is missing, or another one than the recipe names.
        PackagingError: there is no data.
        TrainingError: an item is too long, this computer cannot train so, or training came to nothing.
    """
    config = recipe.train
    check_computer(config)
    data = data_folder(project, recipe.expert)
    folder = bases.locate(recipe.base_model, project)
    fingerprint = bases.check(recipe.base_model, folder)
    model, tokenizer = load_base(folder, attention=attention(config))
    template = open_template(recipe.prompt_template, tokenizer, own=recipe.custom_template, base=recipe.base)
    parts = {
        part: [_encode(tokenizer, item, recipe, template) for item in read_items(data / f"{part}.jsonl")]
        for part in ("train", *(["dev"] if config.eval_steps else []))
    }
    planned = plan(parts["train"], config, dev=parts.get("dev", ()))
    digest = listing_digest(
        {f"{part}.jsonl": (len(rows), sha256_file(data / f"{part}.jsonl")) for part, rows in parts.items()}
    )
    checkpoints = project / layout.CHECKPOINTS / _checkpoint_name(recipe, data=digest, base=fingerprint)
    with following(planned.steps) as progress:
        adapter, curve = train_adapter(
            model, tokenizer, planned, config,
            checkpoints=checkpoints, measure=lambda step, values: progress.report(step, **values),
        )  # fmt: skip
    target = project / layout.TRAIN / recipe.key
    _write(target, recipe, planned, adapter, curve)
    shutil.rmtree(checkpoints, ignore_errors=True)  # a finished training is made anew, never resumed
    about = {"expert": recipe.expert, "base": recipe.base, "path": str(target)}
    return {**about, "parameters": adapter.parameters, "loss": curve[-1].loss}


def _checkpoint_name(recipe: Recipe, *, data: str, base: str) -> str:
    """A folder for this recipe, this data and these circumstances: a checkpoint of others is not gone on from."""
    environment = describe_environment(threads=recipe.train.threads)
    code = digest_sources(CODE)
    circumstances = sha256_bytes(canonical_json({"base": base, "code": code, "environment": environment}))
    return f"{recipe.digest[:16]}-{data[:16]}-{circumstances[:16]}"


def _encode(tokenizer: PreTrainedTokenizerBase, item: Item, recipe: Recipe, template: Template) -> Row:
    prompt = render(template, Turn(question=item.question, context=item.context))
    answer = completion(template, item.answer)
    row = encode_row(tokenizer, prompt=prompt, completion=answer, is_prompt_learnt=not recipe.train.completion_only)
    if row["length"] > recipe.train.max_seq_length:
        raise TrainingError(
            f"item {item.id}: expected at most {recipe.train.max_seq_length} tokens, got {row['length']}",
            hint="raise max_seq_length, or leave the item out",
        )
    return row


def _write(target: Path, recipe: Recipe, planned: Plan, adapter: Adapter, curve: Sequence[Point]) -> None:
    told = {**asdict(recipe.train), "max_steps": planned.steps, "warmup_steps": planned.warmup_steps}
    with replace_folder(target) as folder:
        (folder / TENSORS).write_bytes(encode_tensors(adapter))
        write_json(folder / CONFIG, encode_config(adapter, base=recipe.base))
        write_json(folder / "training_args.json", told)
        write_json(folder / layout.ENVIRONMENT, describe_environment(threads=recipe.train.threads))
        with (folder / layout.CURVE).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            measured = ["dev_loss"] if recipe.train.eval_steps else []
            writer.writerow(["step", "loss", "learning_rate", *measured])
            writer.writerows(_row(point)[: 3 + len(measured)] for point in curve)


def _row(point: Point) -> list[object]:
    on_dev = "" if point.dev_loss is None else f"{point.dev_loss:.6f}"
    return [point.step, f"{point.loss:.6f}", f"{point.learning_rate:.6e}", on_dev]
