"""The gate: whether an expert may be released, and every reason why not. It is data, not an exit status."""

from __future__ import annotations

from dataclasses import dataclass

from expertkit.evaluation.statistics import Difference


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What an expert has to reach on the test items."""

    min_accuracy: float
    """Least share of right answers, 0 to 1."""
    max_p: float
    """Largest p-value at which it still counts as better than its base, 0 to 1."""


def refusal_reasons(thresholds: Thresholds, *, base: float, expert: float, found: Difference) -> list[str]:
    """Why the expert is refused; empty when it is accepted."""
    reasons = []
    if expert < thresholds.min_accuracy:
        reasons.append(f"accuracy: expected at least {thresholds.min_accuracy:.2f}, got {expert:.3f}")
    if expert < base:
        reasons.append(f"comparison: expected at least the base's {base:.3f}, got {expert:.3f}")
    if found.p_value > thresholds.max_p:
        seen = f"; {found.items} items can tell differences of {found.detectable:.3f}" if found.detectable else ""
        reasons.append(f"significance: expected p of at most {thresholds.max_p:g}, got {found.p_value:.2g}{seen}")
    return reasons
