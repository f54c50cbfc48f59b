"""A comparison as data: ``metrics.json`` and ``cases.jsonl``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from expertkit.data.prompt import Template, template_hash
from expertkit.evaluation.arm import Arm
from expertkit.evaluation.gate import Thresholds, refusal_reasons
from expertkit.evaluation.statistics import mcnemar, wilson_interval


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

    @property
    def primary(self) -> str:
        """The metric that decides."""
        return self.metrics[0]


def summarize(comparison: Comparison, thresholds: Thresholds) -> dict[str, Any]:
    """The figures and the verdict."""
    base, expert = comparison.base.right(comparison.primary), comparison.expert.right(comparison.primary)
    p_value = mcnemar(base, expert)
    scores = (comparison.base.score(comparison.primary), comparison.expert.score(comparison.primary))
    reasons = refusal_reasons(thresholds, base=scores[0], expert=scores[1], p_value=p_value)
    return {
        "metric": comparison.primary,
        "items": len(expert),
        "base_score": scores[0],
        "base_interval": wilson_interval(sum(base), len(base)),
        "expert_score": scores[1],
        "expert_interval": wilson_interval(sum(expert), len(expert)),
        "p_value": p_value,
        "unseen": _unseen(comparison),
        "secondary": {name: _both(comparison.base, comparison.expert, name) for name in comparison.metrics[1:]},
        "forms": _forms(comparison),
        "prompt": {
            "template": comparison.template_name,
            "hash": template_hash(comparison.template),
            "shots": comparison.shots,
        },
        "verdict": "refused" if reasons else "accepted",
        "reasons": reasons,
    }


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


def _both(base: Arm, expert: Arm, metric: str) -> dict[str, float]:
    return {"base": base.score(metric), "expert": expert.score(metric)}


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
