"""The gate: whether an expert may be released, and every reason why not. It is data, not an exit status."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from expertkit.evaluation.statistics import Difference, NonInferiority


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What an expert has to reach on the test items."""

    min_accuracy: float
    """Least share of right answers, 0 to 1."""
    max_p: float
    """Largest p-value at which it still counts as better than its base, 0 to 1."""
    margin: float
    """How much worse than the release before it may be in each metric, in shares of right answers."""
    max_forgetting: float
    """By how much the loss on the base's own text may grow, in nats per token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What the gate looks at."""

    base: float
    """Share of right answers."""
    expert: float
    over_base: Difference
    over_previous: Mapping[str, NonInferiority]
    """By metric; empty where there is no release before."""
    forgetting: float
    """Growth of the loss on the base's own text, in nats per token."""


def refusal_reasons(thresholds: Thresholds, found: Findings) -> list[str]:
    """Why the expert is refused; empty when it is accepted."""
    return [
        *_against_base(thresholds, found),
        *_against_previous(found.over_previous),
        *_against_forgetting(thresholds, found),
    ]


def _against_base(thresholds: Thresholds, found: Findings) -> Iterator[str]:
    base, expert, over = found.base, found.expert, found.over_base
    if expert < thresholds.min_accuracy:
        yield f"accuracy: expected at least {thresholds.min_accuracy:.2f}, got {expert:.3f}"
    if expert < base:
        yield f"comparison: expected at least the base's {base:.3f}, got {expert:.3f}"
    if over.p_value > thresholds.max_p:
        seen = f"; {over.items} items can tell differences of {over.detectable:.3f}" if over.detectable else ""
        yield f"significance: expected p of at most {thresholds.max_p:g}, got {over.p_value:.2g}{seen}"


def _against_previous(kept: Mapping[str, NonInferiority]) -> Iterator[str]:
    for metric, found in kept.items():
        if not found.is_proven:
            seen = f"; under-powered: {found.items} items can tell margins of {found.detectable:.3f}"
            yield (
                f"previous: expected {metric} to be at most {found.margin:g} worse with 95 % confidence, "
                f"got {found.difference:+.3f}, perhaps {found.low:+.3f}{seen if found.is_underpowered else ''}"
            )


def _against_forgetting(thresholds: Thresholds, found: Findings) -> Iterator[str]:
    if found.forgetting > thresholds.max_forgetting:
        yield (
            f"general ability: expected the loss on the base's own text to grow by at most "
            f"{thresholds.max_forgetting:g} nats per token, got {found.forgetting:.3f}"
        )
