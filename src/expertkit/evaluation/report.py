"""A comparison as data: ``metrics.json`` and ``cases.jsonl``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from expertkit.data.prompt import Template, template_hash
from expertkit.evaluation.arm import Arm
from expertkit.evaluation.extra_arms import ExtraArms, summarize_extra
from expertkit.evaluation.gate import Thresholds, refusal_reasons
from expertkit.evaluation.statistics import Difference, compare, holm, wilson_interval
from expertkit.recorded import Recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Base and expert on the same test items, and on the items with names never seen in training."""

    metrics: tuple[str, ...]
    """Of the grader, the primary one first."""
    base: Arm
    expert: Arm
    base_unseen: Arm
    expert_unseen: Arm
    template: Template
    """How both were asked."""
    template_name: str
    shots: int
    """Worked examples in the base's prompt, chosen on dev."""
    extra: ExtraArms = field(default_factory=ExtraArms)
    """The expert asked in other ways."""
    recorded: tuple[Recorded, ...] = ()
    """What the expert answered to some of the test items, asked as a package is asked again."""

    @property
    def primary(self) -> str:
        """The metric that decides."""
        return self.metrics[0]


def summarize(comparison: Comparison, thresholds: Thresholds) -> dict[str, Any]:
    """The figures and the verdict."""
    base, expert = comparison.base.right(comparison.primary), comparison.expert.right(comparison.primary)
    found = compare_arms(comparison.base, comparison.expert, comparison.primary, alpha=thresholds.max_p)
    scores = (comparison.base.score(comparison.primary), comparison.expert.score(comparison.primary))
    reasons = refusal_reasons(thresholds, base=scores[0], expert=scores[1], found=found)
    return {
        "metric": comparison.primary,
        "items": len(expert),
        "base_score": scores[0],
        "base_interval": wilson_interval(sum(base), len(base)),
        "expert_score": scores[1],
        "expert_interval": wilson_interval(sum(expert), len(expert)),
        "p_value": found.p_value,
        "difference": asdict(found),
        "unseen": _unseen(comparison),
        "secondary": _secondary(comparison),
        "forms": _forms(comparison),
        "prompt": {
            "template": comparison.template_name,
            "hash": template_hash(comparison.template),
            "shots": comparison.shots,
        },
        **summarize_extra(comparison.extra, comparison.expert, comparison.primary),
        "verdict": "refused" if reasons else "accepted",
        "reasons": reasons,
    }


def compare_arms(base: Arm, expert: Arm, metric: str, *, alpha: float) -> Difference:
    """How much better the expert is by a metric; items of one schema are no independent witnesses."""
    groups = [item.group for item in base.items]
    return compare(base.right(metric), expert.right(metric), groups, alpha=alpha)


def cases(comparison: Comparison) -> Iterator[dict[str, Any]]:
    """Every item with both answers, test items first."""
    pairs = ((comparison.base, comparison.expert), (comparison.base_unseen, comparison.expert_unseen))
    for base, expert in pairs:
        for at, item in enumerate(base.items):
            yield {
                "id": item.id,
                "form": item.form,
                "question": item.question,
                "context": item.context,
                "expected": item.answer,
                "base": _case(base, at),
                "expert": _case(expert, at),
            }


def _case(arm: Arm, at: int) -> dict[str, Any]:
    grade = arm.grades[at]
    return {"answer": arm.answers[at], **grade.scores, "problem": grade.problem}


def _unseen(comparison: Comparison) -> dict[str, Any]:
    right = comparison.expert_unseen.right(comparison.primary)
    return {
        "items": len(right),
        "base_score": comparison.base_unseen.score(comparison.primary),
        "expert_score": comparison.expert_unseen.score(comparison.primary),
        "interval": wilson_interval(sum(right), len(right)),
    }


def _secondary(comparison: Comparison) -> dict[str, Any]:
    """The other metrics, their p-values adjusted for being several (Holm)."""
    base, expert = comparison.base, comparison.expert
    p_values = {name: compare_arms(base, expert, name, alpha=0.05).p_value for name in comparison.metrics[1:]}
    adjusted = holm(p_values)
    return {
        name: {"base": base.score(name), "expert": expert.score(name), "p_value": adjusted[name]} for name in p_values
    }


def _forms(comparison: Comparison) -> dict[str, Any]:
    """Scores by form of question, in alphabetical order."""
    by_form: dict[str, list[int]] = {}
    for at, item in enumerate(comparison.expert.items):
        by_form.setdefault(item.form, []).append(at)
    base, expert = comparison.base.right(comparison.primary), comparison.expert.right(comparison.primary)
    return {
        form: {"items": len(at), "base": _share(base, at), "expert": _share(expert, at)}
        for form, at in sorted(by_form.items())
    }


def _share(right: Sequence[bool], at: Sequence[int]) -> float:
    return sum(right[index] for index in at) / len(at)
