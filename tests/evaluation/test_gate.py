"""The gate gives every reason, and none for an expert that is good enough."""

from __future__ import annotations

from dataclasses import replace

from expertkit.evaluation.gate import Findings, Thresholds, refusal_reasons
from expertkit.evaluation.statistics import Difference, NonInferiority

_THRESHOLDS = Thresholds(min_accuracy=0.9, max_p=0.001, margin=0.02, max_forgetting=0.5)


def seen(p_value: float) -> Difference:
    """A difference with that p-value."""
    return Difference(
        value=0.1, interval=(0.0, 0.2), p_value=p_value, method="McNemar exact mid-p",
        detectable=0.05, items=500, groups=500,
    )  # fmt: skip


def kept(low: float, *, detectable: float = 0.01) -> NonInferiority:
    """A comparison with the release before, in which this much may be lost."""
    return NonInferiority(difference=-0.01, low=low, margin=0.02, detectable=detectable, items=500, groups=500)


GOOD = Findings(base=0.1, expert=0.9, over_base=seen(0.001), over_previous={"rows": kept(-0.02)}, forgetting=0.5)
"""An expert that reaches every threshold, and no more."""


def test_an_underpowered_comparison_says_so() -> None:
    """What could have been found at all stands beside the p-value."""
    (reason,) = refusal_reasons(_THRESHOLDS, replace(GOOD, base=0.8, expert=0.95, over_base=seen(0.3)))

    assert reason.endswith("got 0.3; 500 items can tell differences of 0.050")


def test_a_good_expert_is_accepted() -> None:
    """At the thresholds, not only above them."""
    assert refusal_reasons(_THRESHOLDS, GOOD) == []


def test_every_reason_is_given_at_once() -> None:
    """Too weak, worse than its base, not significant, worse than before, and harmful."""
    bad = Findings(
        base=0.5, expert=0.4, over_base=seen(0.2), over_previous={"rows": kept(-0.03), "parses": kept(-0.021)},
        forgetting=0.501,
    )  # fmt: skip

    reasons = refusal_reasons(_THRESHOLDS, bad)

    starts = [reason.split(":")[0] for reason in reasons]
    assert starts == ["accuracy", "comparison", "significance", "previous", "previous", "general ability"]


def test_a_significantly_worse_expert_is_refused() -> None:
    """A small p-value alone says that the arms differ, not which one is better."""
    thresholds = replace(_THRESHOLDS, min_accuracy=0.0, max_p=0.05)

    assert refusal_reasons(thresholds, replace(GOOD, base=0.9, expert=0.4, over_base=seen(1e-9)))


def test_each_metric_of_the_release_before_is_kept() -> None:
    """The reason names the metric and what may have been lost; whether more items would help stands there too."""
    enough, few = kept(-0.03), kept(-0.03, detectable=0.04)

    (lost,) = refusal_reasons(_THRESHOLDS, replace(GOOD, over_previous={"rows": kept(0.0), "parses": enough}))
    (unknown,) = refusal_reasons(_THRESHOLDS, replace(GOOD, over_previous={"rows": few}))

    assert lost == (
        "previous: expected parses to be at most 0.02 worse with 95 % confidence, got -0.010, perhaps -0.030"
    )
    assert unknown.endswith("perhaps -0.030; under-powered: 500 items can tell margins of 0.040")
