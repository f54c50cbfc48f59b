"""The gate gives every reason, and none for an expert that is good enough."""

from __future__ import annotations

from expertkit.evaluation.gate import Thresholds, refusal_reasons
from expertkit.evaluation.statistics import Difference

_THRESHOLDS = Thresholds(min_accuracy=0.9, max_p=0.001)


def seen(p_value: float) -> Difference:
    """A difference with that p-value."""
    return Difference(
        value=0.1, interval=(0.0, 0.2), p_value=p_value, method="McNemar exact mid-p",
        detectable=0.05, items=500, groups=500,
    )  # fmt: skip


def test_an_underpowered_comparison_says_so() -> None:
    """What could have been found at all stands beside the p-value."""
    (reason,) = refusal_reasons(_THRESHOLDS, base=0.8, expert=0.95, found=seen(0.3))

    assert reason.endswith("got 0.3; 500 items can tell differences of 0.050")


def test_a_good_expert_is_accepted() -> None:
    """At the thresholds, not only above them."""
    assert refusal_reasons(_THRESHOLDS, base=0.1, expert=0.9, found=seen(0.001)) == []


def test_every_reason_is_given_at_once() -> None:
    """Too weak, worse than its base and not significant."""
    reasons = refusal_reasons(_THRESHOLDS, base=0.5, expert=0.4, found=seen(0.2))

    assert [reason.split(":")[0] for reason in reasons] == ["accuracy", "comparison", "significance"]


def test_a_significantly_worse_expert_is_refused() -> None:
    """A small p-value alone says that the arms differ, not which one is better."""
    assert refusal_reasons(Thresholds(min_accuracy=0.0, max_p=0.05), base=0.9, expert=0.4, found=seen(1e-9))
