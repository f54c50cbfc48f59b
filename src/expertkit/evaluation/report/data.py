"""A comparison as data: ``metrics.json``, ``cases.jsonl`` and ``scores.csv``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from expertkit.data.prompt import template_hash
from expertkit.evaluation.arm import Arm
from expertkit.evaluation.extra_arms import summarize_extra
from expertkit.evaluation.gate import Findings, Thresholds, refusal_reasons
from expertkit.evaluation.report.comparison import Comparison
from expertkit.evaluation.statistics import (
    Difference,
    NonInferiority,
    compare,
    holm,
    non_inferiority,
    wilson_interval,
)


def summarize(comparison: Comparison, thresholds: Thresholds) -> dict[str, Any]:
    """The figures and the verdict."""
    base, expert = comparison.base.right(comparison.primary), comparison.expert.right(comparison.primary)
    found = find(comparison, thresholds)
    reasons = refusal_reasons(thresholds, found)
    return {
        "metric": comparison.primary,
        "items": len(expert),
        "base_score": found.base,
        "base_interval": wilson_interval(sum(base), len(base)),
        "expert_score": found.expert,
        "expert_interval": wilson_interval(sum(expert), len(expert)),
        "p_value": found.over_base.p_value,
        "difference": asdict(found.over_base),
        "previous": _previous(comparison, found.over_previous),
        "compression": _compression(comparison),
        "general": asdict(comparison.general),
        "unseen": _unseen(comparison),
        "secondary": _secondary(comparison),
        "forms": _forms(comparison),
        "ambiguous": _ambiguous(comparison),
        "thresholds": asdict(thresholds),
        "prompt": {
            "template": comparison.template_name,
            "hash": template_hash(comparison.template),
            "shots": comparison.shots,
        },
        **summarize_extra(comparison.extra, comparison.expert, comparison.primary),
        "verdict": "refused" if reasons else "accepted",
        "reasons": reasons,
    }


def find(comparison: Comparison, thresholds: Thresholds) -> Findings:
    """What the gate looks at."""
    base, expert, metric = comparison.base, comparison.expert, comparison.primary
    return Findings(
        base=base.score(metric),
        expert=expert.score(metric),
        over_base=compare_arms(base, expert, metric, alpha=thresholds.max_p),
        over_previous=_over_previous(comparison, margin=thresholds.margin),
        forgetting=comparison.general.increase,
    )


def compare_arms(base: Arm, expert: Arm, metric: str, *, alpha: float) -> Difference:
    """How much better the expert is by a metric; items of one schema are no independent witnesses."""
    return compare(base.right(metric), expert.right(metric), _groups(base), alpha=alpha)


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


def arms(comparison: Comparison) -> dict[str, Arm]:
    """Everyone who was asked the test items, by what a person calls them."""
    before, trained = comparison.previous, comparison.trained
    return {
        "base": comparison.base,
        **({f"version {before.version}": before.arm} if before else {}),
        **({"as trained": trained} if trained else {}),
        "expert": comparison.expert,
    }


def scores_csv(comparison: Comparison) -> str:
    """One row for each who was asked the test items: share of right answers, with the ends of its interval."""
    rows = ["arm,score,low,high"]
    for name, arm in arms(comparison).items():
        right = arm.right(comparison.primary)
        low, high = wilson_interval(sum(right), len(right))
        rows.append(f"{name},{arm.score(comparison.primary):.6f},{low:.6f},{high:.6f}")
    return "\n".join(rows) + "\n"


def _groups(arm: Arm) -> list[str]:
    return [item.group for item in arm.items]


def _case(arm: Arm, at: int) -> dict[str, Any]:
    grade = arm.grades[at]
    return {"answer": arm.answers[at], **grade.scores, "problem": grade.problem}


def _over_previous(comparison: Comparison, *, margin: float) -> dict[str, NonInferiority]:
    """The expert against the release before, by every metric: it must keep all of them, so none is adjusted."""
    before, expert = comparison.previous, comparison.expert
    if before is None:
        return {}
    return {
        metric: non_inferiority(before.arm.right(metric), expert.right(metric), _groups(expert), margin=margin)
        for metric in comparison.metrics
    }


def _previous(comparison: Comparison, kept: Mapping[str, NonInferiority]) -> dict[str, Any] | None:
    before = comparison.previous
    if before is None:
        return None
    right = before.arm.right(comparison.primary)
    return {
        "version": before.version,
        "content_digest": before.content_digest,
        "score": before.arm.score(comparison.primary),
        "interval": wilson_interval(sum(right), len(right)),
        "difference": asdict(compare_arms(before.arm, comparison.expert, comparison.primary, alpha=0.05)),
        "margin": kept[comparison.primary].margin,
        "kept": {metric: _judged(found, before.arm.score(metric)) for metric, found in kept.items()},
        "verdict": "accepted" if all(found.is_proven for found in kept.values()) else "refused",
    }


def _judged(found: NonInferiority, score: float) -> dict[str, Any]:
    verdict = "accepted" if found.is_proven else "under-powered" if found.is_underpowered else "refused"
    return {"score": score, **asdict(found), "verdict": verdict}


def _compression(comparison: Comparison) -> dict[str, Any] | None:
    """The adapter as it was trained, and what shipping it in fewer bits costs."""
    trained, metric = comparison.trained, comparison.primary
    if trained is None:
        return None
    right = trained.right(metric)
    return {
        "score": trained.score(metric),
        "interval": wilson_interval(sum(right), len(right)),
        "difference": asdict(compare_arms(trained, comparison.expert, metric, alpha=0.05)),
    }


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
    """Scores by form of question, in alphabetical order; of the release before, too, where there is one."""
    by_form: dict[str, list[int]] = {}
    for at, item in enumerate(comparison.expert.items):
        by_form.setdefault(item.form, []).append(at)
    asked = {"base": comparison.base, "expert": comparison.expert}
    if comparison.previous is not None:
        asked["previous"] = comparison.previous.arm
    right = {name: arm.right(comparison.primary) for name, arm in asked.items()}
    return {
        form: {"items": len(at), **{name: _share(each, at) for name, each in right.items()}}
        for form, at in sorted(by_form.items())
    }


def _share(right: Sequence[bool], at: Sequence[int]) -> float:
    return sum(right[index] for index in at) / len(at)


def _ambiguous(comparison: Comparison) -> dict[str, Any]:
    found = comparison.ambiguous
    return {"count": len(found), "ids": list(found), "why": dict(found)}
