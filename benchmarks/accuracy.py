"""How good the experts are that a release makes, and their bases without them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.projects import released
from benchmarks.rows import Lab, Row, reported

_EXPERT = 0.90
_BASE = 0.20


def measure(lab: Lab) -> list[Row]:
    """Test accuracy of every expert on every base, with 95 % intervals, as released with the project's own settings."""
    return [row for report in released(lab.scratch, is_nano=False).reports for row in compare(report)]


def compare(report: Mapping[str, Any]) -> list[Row]:
    """A report's base and expert against their goals, and the slice of names never seen in training."""
    pair = f"{report['expert']} on {report['base']}"
    base, expert, unseen = report["base_score"], report["expert_score"], report["unseen"]
    return [
        Row(
            name=f"{pair}: the bare base",
            measured=_score(base, report["base_interval"]),
            goal=f"at most {_BASE:.2f}",
            met=base <= _BASE,
        ),
        Row(
            name=f"{pair}: the expert",
            measured=_score(expert, report["expert_interval"]),
            goal=f"at least {_EXPERT:.2f}",
            met=expert >= _EXPERT,
        ),
        reported(f"{pair}: the expert, names never seen", _score(unseen["expert_score"], unseen["interval"])),
    ]


def _score(score: float, interval: Sequence[float]) -> str:
    low, high = interval
    return f"{score:.3f} [{low:.3f}, {high:.3f}]"
