"""What counts as a regression, tried on experts whose true share of right answers is known."""

from __future__ import annotations

import numpy as np
import pytest

from expertkit.evaluation.regression import recheck
from expertkit.evaluation.statistics.samples import Share, fisher

NIGHTS = 400


def _alarms(*, before: float, now: float, alpha: float) -> int:
    """Nights with an alarm among so many, of an expert that scores ``before`` on the test and ``now`` at night."""
    rng = np.random.default_rng(5)
    recorded, fresh = rng.binomial(500, before, NIGHTS), rng.binomial(200, now, NIGHTS)
    found = (
        recheck(Share(right=int(a), items=500), Share(right=int(b), items=200), alpha=alpha)
        for a, b in zip(recorded, fresh, strict=True)
    )
    return sum(each.regression is not None for each in found)


@pytest.mark.parametrize("share", [0.5, 0.9, 0.98])
def test_an_expert_that_holds_is_left_alone(share: float) -> None:
    """No more false alarms than half the level: the other half of a two-sided test lies above."""
    assert (
        _alarms(before=share, now=share, alpha=0.05) <= 20
    )  # 10 expected at most; more than 20 have a chance of 0.1 %


def test_a_fall_is_found_and_a_rise_is_none() -> None:
    """Fifteen points of a hundred nearly always, at the level of params.yaml."""
    assert _alarms(before=0.95, now=0.80, alpha=0.001) >= 380
    assert _alarms(before=0.80, now=0.95, alpha=0.001) == 0


def test_the_reason_has_both_scores() -> None:
    """What was promised on how many items, and what came."""
    found = recheck(Share(right=38, items=40), Share(right=0, items=24), alpha=0.001)

    assert found.regression == "expected 0.950 as on 40 test items, got 0.000 of 24 fresh ones, p 1e-15"


def test_the_p_value_is_that_of_the_tea_lady() -> None:
    """Fisher's own example: three of four cups right on either side."""
    assert fisher(Share(right=3, items=4), Share(right=1, items=4)) == pytest.approx(34 / 70)
    assert Share(right=0, items=0).value == 0.0
