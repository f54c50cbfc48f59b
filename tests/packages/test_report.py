"""What packing reads of an evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from expertkit.errors import FormatError, PackagingError
from expertkit.files import dump_json
from expertkit.packages.report import parse_report, read_refusal, read_report
from tests.packages.builders import RECIPE, judge, make_project, put

_ODD = dump_json({
    **dict.fromkeys(("expert", "base", "version", "adapter_digest"), "1"), "reasons": [], "items": 1,
    **dict.fromkeys(("base_score", "expert_score", "p_value"), 0), "unseen": {"expert_score": 0},
    "verdict": "perhaps",
})  # fmt: skip
"""A report that is whole, with a verdict that is none."""


def test_a_report_says_what_was_measured(tmp_path: Path) -> None:
    """The values of metrics.json and its bytes, as they are."""
    make_project(tmp_path)

    data, report = read_report(tmp_path, RECIPE)

    assert (report.judged.expert_score, report.unseen_score, report.judged.p_value) == (0.9, 0.5, 1e-9)
    assert report.judged.verdict == "accepted"
    assert data == (tmp_path / "build/evaluate/expert-mini-nano/metrics.json").read_bytes()


@pytest.mark.parametrize(("key", "value"), [("expert", "expert-x"), ("base", "other"), ("version", "2.0.0")])
def test_a_report_about_something_else_is_refused(tmp_path: Path, key: str, value: str) -> None:
    """Expert, base and version must be those of the recipe."""
    make_project(tmp_path)
    changed: dict[str, Any] = {key: value}
    judge(tmp_path, **changed)

    with pytest.raises(PackagingError, match=value) as refusal:
        read_report(tmp_path, RECIPE)

    assert refusal.value.hint == "expert-cli evaluate --expert expert-mini --base nano"


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"expert": NaN}', b'{"expert": "e", "unseen": 3}', _ODD])
def test_an_incomplete_report_is_refused(data: bytes) -> None:
    """Nothing is assumed about what was not measured."""
    with pytest.raises(FormatError, match=r"metrics\.json"):
        parse_report(data, file="metrics.json")


@pytest.mark.parametrize("value", [{}, [], {"reasons": []}, {"reasons": [], "more": 1}])
def test_a_malformed_refusal_is_an_error(tmp_path: Path, value: object) -> None:
    """It is not taken for the absence of one."""
    put(tmp_path / "refused.json", value)

    with pytest.raises(FormatError, match=r"refused\.json"):
        read_refusal(tmp_path)
