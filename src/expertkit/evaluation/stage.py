"""The stage ``evaluate``: base and expert asked the same, graded, compared, written down."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from expertkit import bases
from expertkit.adapters import decode
from expertkit.data.items import Item, read_items
from expertkit.evaluation.arm import Answer, Arm, run_arm
from expertkit.evaluation.gate import Thresholds
from expertkit.evaluation.graders import Grader, open_grader
from expertkit.evaluation.pictures import draw_comparison, draw_loss
from expertkit.evaluation.report import Comparison, cases, summarize
from expertkit.files import read_json, replace_folder, sha256_bytes, write_json
from expertkit.progress import Progress
from expertkit.recipes import EvaluateConfig, Recipe
from expertkit.runtime.generation import answer_prompts
from expertkit.runtime.loading import attach, load_base

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from expertkit.runtime.generation import Model


def evaluate_expert(project: Path, recipe: Recipe, progress: Progress) -> dict[str, object]:
    """Compare an expert with its base and write ``build/evaluate/<key>/``; give the figures.

    The adapter's bytes are read once: what is loaded is what the report's digest is about.

    Raises:
        CompatibilityError: the base is missing or another one, or the adapter does not fit it.
        FormatError: the adapter's files are malformed.
    """
    torch.set_num_threads(recipe.evaluate.threads)
    folder = bases.locate(recipe.base_model, project)
    bases.check(recipe.base_model, folder)
    weights = project / "experts" / recipe.expert / "weights" / recipe.base
    tensors = (weights / "adapter_model.safetensors").read_bytes()
    lora = decode(tensors, read_json(weights / "adapter_config.json"))
    model, tokenizer = load_base(folder)
    data = project / "build" / "data" / recipe.expert
    ask = _Asking(recipe=recipe, grader=open_grader(recipe.evaluate.grader, data), data=data, progress=progress)
    base, base_unseen, shots = ask.base(model, tokenizer)
    expert, expert_unseen = ask.expert(attach(model, lora, base=recipe.base), tokenizer)
    comparison = Comparison(
        metrics=ask.grader.metrics, base=base, expert=expert,
        base_unseen=base_unseen, expert_unseen=expert_unseen, shots=shots,
    )  # fmt: skip
    return _write(project, recipe, comparison, adapter_digest=sha256_bytes(tensors))


class _Asking:
    """Both arms' questions, with one progress display over all of them."""

    def __init__(self, *, recipe: Recipe, grader: Grader, data: Path, progress: Progress) -> None:
        self.recipe, self.grader, self.progress = recipe, grader, progress
        self.items = {part: tuple(read_items(data / f"{part}.jsonl")) for part in ("dev", "test", "unseen")}
        self.examples = _varied(read_items(data / "train.jsonl"), max(recipe.evaluate.shots))
        self.asked = 0

    def base(self, model: Model, tokenizer: PreTrainedTokenizerBase) -> tuple[Arm, Arm, int]:
        """The base on test and unseen items, with the number of examples that served it best on dev."""
        answer = self._answer(model, tokenizer)
        metric, shots = self.grader.metrics[0], self.recipe.evaluate.shots
        scores = {count: self._arm("dev", answer, count).score(metric) for count in shots}
        best = max(shots, key=lambda count: (scores[count], -count))
        return self._arm("test", answer, best), self._arm("unseen", answer, best), best

    def expert(self, model: Model, tokenizer: PreTrainedTokenizerBase) -> tuple[Arm, Arm]:
        """The expert on the same items, asked as it was trained."""
        answer = self._answer(model, tokenizer)
        return self._arm("test", answer, 0), self._arm("unseen", answer, 0)

    def _arm(self, part: str, answer: Answer, shots: int) -> Arm:
        template = self.recipe.prompt_template
        return run_arm(self.items[part], answer, self.grader, template=template, examples=self.examples[:shots])

    def _answer(self, model: Model, tokenizer: PreTrainedTokenizerBase) -> Answer:
        config = self.recipe.evaluate

        def answer(prompts: Sequence[str]) -> list[str]:
            before = self.asked
            answers = answer_prompts(
                model, tokenizer, prompts,
                max_new_tokens=config.max_new_tokens, batch_size=config.batch_size,
                report=lambda done: self.progress.report(before + done),
            )  # fmt: skip
            self.asked += len(prompts)
            return answers

        return answer


def count_questions(data: Path, config: EvaluateConfig) -> int:
    """How many answers an evaluation asks for, for its progress display."""
    sizes = read_json(data / "data.json")["counts"]
    return len(config.shots) * int(sizes["dev"]) + 2 * (int(sizes["test"]) + int(sizes["unseen"]))


def _varied(items: Iterator[Item], count: int) -> tuple[Item, ...]:
    """The first items of different forms."""
    found: dict[str, Item] = {}
    for item in items:
        if len(found) >= count:
            break
        found.setdefault(item.form, item)
    return tuple(found.values())


def _write(project: Path, recipe: Recipe, comparison: Comparison, *, adapter_digest: str) -> dict[str, object]:
    thresholds = Thresholds(min_accuracy=recipe.evaluate.min_accuracy, max_p=recipe.evaluate.max_p)
    about = {"expert": recipe.expert, "base": recipe.base, "version": recipe.version, "adapter_digest": adapter_digest}
    metrics = {**about, **summarize(comparison, thresholds)}
    title = f"{recipe.expert} on {recipe.base}"
    with replace_folder(project / "build" / "evaluate" / recipe.key) as folder:
        write_json(folder / "metrics.json", metrics)
        with (folder / "cases.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(case) + "\n" for case in cases(comparison))
        draw_loss(project / "build" / "train" / recipe.key / "loss.csv", folder / "loss.png", title=title)
        draw_comparison(metrics, folder / "ab.png", title=f"{title}: {metrics['verdict']}")
    return metrics
