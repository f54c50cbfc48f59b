"""What is written of a comparison."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import pytest

from expertkit.evaluation.report.data import scores_csv, summarize
from tests.evaluation.report.builders import COMPARISON, THRESHOLDS, with_others


def test_without_others_nothing_is_said_of_them() -> None:
    """The keys are there, with nothing behind them."""
    found = summarize(COMPARISON, THRESHOLDS)

    assert (found["previous"], found["compression"]) == (None, None)
    assert found["ambiguous"] == {"count": 0, "ids": [], "why": {}}
    assert found["general"]["increase"] == 0.25
    assert (found["verdict"], found["reasons"]) == ("accepted", [])


def test_everything_is_json() -> None:
    """No value of it is one that only Python knows, nor a number that is none."""
    json.dumps(summarize(with_others(), THRESHOLDS), allow_nan=False)


def test_an_equal_release_before_is_kept() -> None:
    """By every metric; the compression costs the two items that it lost."""
    found = summarize(with_others(), THRESHOLDS)

    assert (found["verdict"], found["previous"]["verdict"]) == ("accepted", "accepted")
    assert list(found["previous"]["kept"]) == ["rows", "parses"]
    assert found["previous"]["score"] == pytest.approx(55 / 60)
    assert found["forms"]["a"] == {"items": 20, "base": 0.0, "expert": 0.95, "previous": 0.95}
    assert found["compression"]["difference"]["value"] == pytest.approx(-2 / 60)


def test_a_better_release_before_refuses_the_expert() -> None:
    """For the metric that fell, and for no other."""
    found = summarize(with_others(before=60), THRESHOLDS)

    (reason,) = found["reasons"]
    assert reason.startswith("previous: expected rows to be at most 0.1 worse")
    kept = found["previous"]["kept"]
    assert (kept["rows"]["verdict"], kept["parses"]["verdict"]) == ("under-powered", "accepted")
    assert found["previous"]["verdict"] == found["verdict"] == "refused"


def test_what_was_left_out_is_named() -> None:
    """With the reason of each."""
    found = summarize(replace(COMPARISON, ambiguous={"test-7": "why", "dev-1": "so"}), THRESHOLDS)

    assert found["ambiguous"] == {"count": 2, "ids": ["test-7", "dev-1"], "why": {"test-7": "why", "dev-1": "so"}}


def test_the_scores_are_a_table_of_all_arms() -> None:
    """With the ends of each interval around the score."""
    rows = list(csv.DictReader(scores_csv(with_others()).splitlines()))

    assert [row["arm"] for row in rows] == ["base", "version 0.9.0", "as trained", "expert"]
    assert all(0 <= float(row["low"]) <= float(row["score"]) <= float(row["high"]) <= 1 for row in rows)
