"""The stage ``evaluate``: base and expert asked the same, graded, compared, written down."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from expertkit import bases, layout
from expertkit.adapters import CONFIG, TENSORS, Adapter, check_fit, decode
from expertkit.data.items import data_folder
from expertkit.data.templates import end_token, open_template
from expertkit.evaluation.exam import Exam, best_shots, read_exam
from expertkit.evaluation.gate import Thresholds
from expertkit.evaluation.pictures import draw_comparison, draw_loss
from expertkit.evaluation.report import Comparison, cases, summarize
from expertkit.files import read_json, replace_folder, required, sha256_bytes, write_json
from expertkit.progress import Progress
from expertkit.recipes import Recipe
from expertkit.runtime.generation import Decoding, answer_prompts
from expertkit.runtime.loading import attach, load_base

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from expertkit.evaluation.arm import Answer
    from expertkit.runtime.generation import Model


def evaluate_expert(project: Path, recipe: Recipe, progress: Progress) -> dict[str, object]:
    """Compare an expert with its base and write ``build/evaluate/<key>/``; give the figures.

    The adapter's bytes are read once: what is loaded is what the report's digest is about.

    Raises:
        CompatibilityError: the base is missing or another one, or the adapter does not fit it.
        FormatError: the adapter's files are malformed.
        PackagingError: there is no adapter.
    """
    torch.set_num_threads(recipe.evaluate.threads)
    folder = bases.locate(recipe.base_model, project)
    bases.check(recipe.base_model, folder)
    weights = project / layout.weights(recipe.expert, recipe.base)
    hint = f"expert-cli decompose --expert {recipe.expert} --base {recipe.base}"
    tensors = required(weights / TENSORS, hint=hint)
    adapter = decode(tensors, read_json(weights / CONFIG))
    check_fit(adapter, bases.linear_shapes(folder), base=recipe.base)
    comparison = _compare(data_folder(project, recipe.expert), folder, adapter, recipe, progress)
    return _write(project, recipe, comparison, adapter_digest=sha256_bytes(tensors))


def _compare(data: Path, folder: Path, adapter: Adapter, recipe: Recipe, progress: Progress) -> Comparison:
    """The base, asked in the way that serves it best, then the expert, asked as it was trained."""
    model, tokenizer = load_base(folder)
    template = open_template(recipe.prompt_template, tokenizer, own=recipe.custom_template, base=recipe.base)
    exam = read_exam(data, recipe, template)
    base = _answerer(model, tokenizer, exam, recipe, progress)
    shots = best_shots(exam, base, recipe.evaluate.shots)
    base_test, base_unseen = (exam.take(part, base, shots=shots) for part in ("test", "unseen"))
    expert = _answerer(attach(model, adapter, base=recipe.base), tokenizer, exam, recipe, progress)
    return Comparison(
        metrics=exam.grader.metrics,
        base=base_test,
        expert=exam.take("test", expert),
        base_unseen=base_unseen,
        expert_unseen=exam.take("unseen", expert),
        template=exam.template,
        template_name=recipe.prompt_template,
        shots=shots,
    )


def _answerer(
    model: Model, tokenizer: PreTrainedTokenizerBase, exam: Exam, recipe: Recipe, progress: Progress
) -> Answer:
    config = recipe.evaluate
    end = end_token(exam.template, tokenizer)
    decoding = Decoding(end=end, max_new_tokens=config.max_new_tokens, batch_size=config.batch_size)
    return partial(answer_prompts, model, tokenizer, decoding=decoding, answered=progress.advance)


def _write(project: Path, recipe: Recipe, comparison: Comparison, *, adapter_digest: str) -> dict[str, object]:
    thresholds = Thresholds(min_accuracy=recipe.evaluate.min_accuracy, max_p=recipe.evaluate.max_p)
    about = {"expert": recipe.expert, "base": recipe.base, "version": recipe.version, "adapter_digest": adapter_digest}
    metrics = {**about, **summarize(comparison, thresholds)}
    title = f"{recipe.expert} on {recipe.base}"
    with replace_folder(project / layout.EVALUATE / recipe.key) as folder:
        write_json(folder / layout.METRICS, metrics)
        with (folder / "cases.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(case) + "\n" for case in cases(comparison))
        draw_loss(project / layout.TRAIN / recipe.key / layout.CURVE, folder / "loss.png", title=title)
        draw_comparison(metrics, folder / "ab.png", title=f"{title}: {metrics['verdict']}")
    return metrics
