"""The gate gives every reason, and none for an expert that is good enough."""

from __future__ import annotations

from expertkit.evaluation.gate import Thresholds, refusal_reasons

_THRESHOLDS = Thresholds(min_accuracy=0.9, max_p=0.001)


def test_a_good_expert_is_accepted() -> None:
    """At the thresholds, not only above them."""
    assert refusal_reasons(_THRESHOLDS, base=0.1, expert=0.9, p_value=0.001) == []


def test_every_reason_is_given_at_once() -> None:
    """Too weak, worse than its base and not significant."""
    reasons = refusal_reasons(_THRESHOLDS, base=0.5, expert=0.4, p_value=0.2)

    assert [reason.split(":")[0] for reason in reasons] == ["accuracy", "comparison", "significance"]


def test_a_significantly_worse_expert_is_refused() -> None:
    """A small p-value alone says that the arms differ, not which one is better."""
    assert refusal_reasons(Thresholds(min_accuracy=0.0, max_p=0.05), base=0.9, expert=0.4, p_value=1e-9)
