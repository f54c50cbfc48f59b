"""The expert asked in other ways than the one that decides: several answers drawn, and answers held to its grammar.

Figures for people, each with a word of its own in ``metrics.json``; the gate never sees them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expertkit import layout
from expertkit.data.templates import end_token
from expertkit.evaluation.arm import Answer, Arm, run_arm
from expertkit.evaluation.exam import Exam
from expertkit.evaluation.recording import decode_as
from expertkit.evaluation.statistics import wilson_interval
from expertkit.files import required
from expertkit.recipes import EvaluateConfig, Recipe
from expertkit.runtime.generation import Choose, answer_prompts
from expertkit.runtime.grammar import open_grammar
from expertkit.runtime.sampling import Sampling

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from expertkit.runtime.generation import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraArms:
    """The expert on the test items, as far as a recipe asks for it."""

    samples: tuple[Arm, ...] = ()
    """One arm for each time that answers were drawn."""
    constrained: Arm | None = None
    """Held to the grammar."""


def take_extra_arms(
    exam: Exam, model: Model, tokenizer: PreTrainedTokenizerBase, recipe: Recipe, *,
    project: Path, answered: Callable[[int], None],
) -> ExtraArms:  # fmt: skip
    """Ask the expert as the recipe says.

    Args:
        exam: what is asked.
        model: the expert.
        tokenizer: of its base.
        recipe: which ways of asking.
        project: where the expert's grammar lies.
        answered: told how many questions were answered.

    Raises:
        PackagingError: the expert has no grammar.
        FormatError: its grammar is none.
        CompatibilityError: the base's tokens do not stand for bytes.
        DependencyError: the engine that follows grammars is not installed.
    """
    end = end_token(exam.template, tokenizer)

    def asking(choose: Choose) -> Answer:
        decoding = replace(decode_as(recipe, end=end), choose=choose)
        return partial(answer_prompts, model, tokenizer, decoding=decoding, answered=answered)

    constrained = None
    if recipe.evaluate.constrained:
        path = project / layout.EXPERTS / recipe.expert / layout.GRAMMAR
        grammar = required(path, hint=f"write {path}, or set evaluate.constrained to false").decode()
        constrained = exam.take("test", asking(open_grammar(grammar, tokenizer, end=end)))
    return ExtraArms(samples=_draw(exam, asking, recipe.evaluate), constrained=constrained)


def summarize_extra(extra: ExtraArms, expert: Arm, metric: str) -> dict[str, Any]:
    """What is told of them in ``metrics.json``; nothing of what was not asked for.

    ``samples.any_score`` is the share of items to which one of the answers is right (pass@K), with its 95 % interval.
    """
    found: dict[str, Any] = {}
    if extra.samples:
        found["samples"] = _summarize_samples(extra.samples, metric)
    if extra.constrained is not None:
        score = extra.constrained.score(metric)
        found["constrained"] = {"score": score, "difference": score - expert.score(metric)}
    return found


def _draw(exam: Exam, asking: Callable[[Choose], Answer], config: EvaluateConfig) -> tuple[Arm, ...]:
    """All answers are asked for together, those to one item side by side."""
    if config.samples is None:
        return ()
    items, count = exam.items["test"], config.samples.count
    settings = {name: value for name, value in asdict(config.samples).items() if name != "count"}
    repeated = [item for item in items for _ in range(count)]
    drawn = run_arm(repeated, asking(Sampling(**settings).choose), exam.grader, template=exam.template)
    return tuple(
        Arm(items=items, answers=drawn.answers[at::count], grades=drawn.grades[at::count]) for at in range(count)
    )


def _summarize_samples(samples: Sequence[Arm], metric: str) -> dict[str, Any]:
    solved = [any(right) for right in zip(*(arm.right(metric) for arm in samples), strict=True)]
    return {
        "count": len(samples),
        "mean_score": sum(arm.score(metric) for arm in samples) / len(samples),
        "any_score": sum(solved) / len(solved) if solved else 0.0,
        "interval": wilson_interval(sum(solved), len(solved)),
    }
