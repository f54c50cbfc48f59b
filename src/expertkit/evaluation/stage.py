"""The stage ``evaluate``: everyone asked the same, graded, compared, written down."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from expertkit import layout
from expertkit.data.items import data_folder
from expertkit.data.templates import end_token, open_template
from expertkit.evaluation.candidates import Candidates
from expertkit.evaluation.exam import Exam, best_shots, read_exam
from expertkit.evaluation.extra_arms import take_extra_arms
from expertkit.evaluation.gate import Thresholds
from expertkit.evaluation.general import measure_general, write_passages
from expertkit.evaluation.recording import decode_as, record
from expertkit.evaluation.report.comparison import Before, Comparison
from expertkit.evaluation.report.data import cases, scores_csv, summarize
from expertkit.evaluation.report.page import render_page
from expertkit.evaluation.report.pictures import draw_comparison, draw_loss, read_curve
from expertkit.files import read_json, replace_folder, sha256_file, write_json
from expertkit.progress import Progress
from expertkit.recipes import Recipe
from expertkit.recipes.line import line_template
from expertkit.recorded import dump_recorded
from expertkit.runtime.generation import answer_prompts
from expertkit.runtime.loading import attached, load_base

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from expertkit.adapters import Adapter
    from expertkit.data.prompt import Template
    from expertkit.evaluation.arm import Answer, Arm
    from expertkit.packages.packaged import Packaged
    from expertkit.runtime.generation import Model


def evaluate_expert(project: Path, recipe: Recipe, candidates: Candidates, progress: Progress) -> dict[str, Any]:
    """Compare an expert with its base and others, and write ``build/evaluate/<key>/``; give the figures.

    Raises:
        CompatibilityError: an adapter does not fit the base, or the base lacks a token of a template.
        FormatError: no test item can be judged.
        PackagingError: there is no data.
    """
    torch.set_num_threads(recipe.evaluate.threads)
    comparison = _compare(project, candidates, recipe, progress)
    return _write(project, recipe, candidates, comparison)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asking:
    """A base in memory and what everyone is asked on it."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    exam: Exam
    recipe: Recipe
    progress: Progress

    def answerer(self, model: Model, template: Template) -> Answer:
        """How a model answers prompts of a template."""
        decoding = decode_as(self.recipe, end=end_token(template, self.tokenizer))
        return partial(answer_prompts, model, self.tokenizer, decoding=decoding, answered=self.progress.advance)


def _compare(project: Path, candidates: Candidates, recipe: Recipe, progress: Progress) -> Comparison:
    """The base, asked in the way that serves it best, then the others, each asked as it was trained."""
    model, tokenizer = load_base(candidates.base)
    template = open_template(recipe.prompt_template, tokenizer, own=recipe.custom_template, base=recipe.base)
    exam = read_exam(data_folder(project, recipe.expert), recipe, template)
    asking = _Asking(model=model, tokenizer=tokenizer, exam=exam, recipe=recipe, progress=progress)
    base = asking.answerer(model, template)
    shots = best_shots(exam, base, recipe.evaluate.shots)
    base_test, base_unseen = (exam.take(part, base, shots=shots) for part in ("test", "unseen"))
    passages = write_passages(model, tokenizer, template)
    with attached(model, candidates.expert, base=recipe.base) as wrapped:
        expert = asking.answerer(wrapped, template)
        expert_test, expert_unseen = (exam.take(part, expert) for part in ("test", "unseen"))
        general = measure_general(wrapped, passages)
        extra = take_extra_arms(exam, wrapped, tokenizer, recipe, project=project, answered=progress.advance)
        recorded = record(wrapped, tokenizer, exam, recipe)
    return Comparison(
        metrics=exam.grader.metrics,
        base=base_test,
        expert=expert_test,
        base_unseen=base_unseen,
        expert_unseen=expert_unseen,
        previous=_ask_previous(asking, candidates.previous) if candidates.previous else None,
        trained=_ask_test(asking, candidates.trained, exam.template) if candidates.trained else None,
        general=general,
        ambiguous=exam.ambiguous,
        template=exam.template,
        template_name=recipe.prompt_template,
        shots=shots,
        extra=extra,
        recorded=recorded,
    )


def _ask_test(asking: _Asking, adapter: Adapter, template: Template) -> Arm:
    """The test items, put to an adapter by a template."""
    with attached(asking.model, adapter, base=asking.recipe.base) as wrapped:
        return replace(asking.exam, template=template).take("test", asking.answerer(wrapped, template))


def _ask_previous(asking: _Asking, package: Packaged) -> Before:
    """The release before, asked as its own manifest says."""
    manifest, base = package.checked.manifest, asking.recipe.base
    own = open_template(line_template(manifest, base), asking.tokenizer, own=package.base.custom_template, base=base)
    arm = _ask_test(asking, package.adapter, own)
    return Before(version=manifest.version, content_digest=package.content_digest, arm=arm)


def _write(project: Path, recipe: Recipe, candidates: Candidates, comparison: Comparison) -> dict[str, Any]:
    config, data = recipe.evaluate, data_folder(project, recipe.expert)
    thresholds = Thresholds(
        min_accuracy=config.min_accuracy, max_p=config.max_p, margin=config.margin,
        max_forgetting=config.max_forgetting,
    )  # fmt: skip
    metrics = {
        "expert": recipe.expert, "base": recipe.base, "version": recipe.version,
        "adapter_digest": candidates.adapter_digest,
        "data_digest": read_json(data / layout.SUMMARY)["digest"],
        "test_digest": sha256_file(data / layout.TEST),
        **summarize(comparison, thresholds),
    }  # fmt: skip
    curve = project / layout.TRAIN / recipe.key / layout.CURVE
    with replace_folder(project / layout.EVALUATE / recipe.key) as folder:
        write_json(folder / layout.METRICS, metrics)
        with (folder / "cases.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(case) + "\n" for case in cases(comparison))
        (folder / "scores.csv").write_text(scores_csv(comparison), encoding="utf-8")
        (folder / layout.CURVE).write_bytes(curve.read_bytes())
        draw_loss(curve, folder / "loss.png", title=f"{recipe.expert} on {recipe.base}")
        draw_comparison(metrics, folder / "ab.png", title=f"{recipe.expert} on {recipe.base}: {metrics['verdict']}")
        page = render_page(metrics, comparison, read_curve(curve), fingerprint=candidates.fingerprint)
        (folder / layout.RECORDED).write_bytes(dump_recorded(comparison.recorded))
        (folder / layout.PAGE).write_text(page, encoding="utf-8")
    return metrics
