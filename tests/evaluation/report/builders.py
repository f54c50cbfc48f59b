"""Comparisons made in code: everyone's answers to a few items, graded without a grader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from expertkit.data.items import Item
from expertkit.data.templates import TEMPLATES
from expertkit.evaluation.arm import Arm
from expertkit.evaluation.gate import Thresholds
from expertkit.evaluation.general import General
from expertkit.evaluation.graders import Grade
from expertkit.evaluation.report.comparison import Before, Comparison

THRESHOLDS = Thresholds(min_accuracy=0.5, max_p=0.05, margin=0.1, max_forgetting=1.0)


def make_arm(right: Sequence[bool], *, part: str = "test", answer: str = "an answer") -> Arm:
    """Answers to as many items, right or wrong."""
    items = tuple(_item(f"{part}-{at}", at) for at in range(len(right)))
    grades = [Grade(scores={"rows": each, "parses": True}, problem=None if each else "other rows") for each in right]
    return Arm(items=items, answers=tuple(answer for _ in right), grades=tuple(grades))


def _item(identity: str, at: int) -> Item:
    return Item(
        id=identity, form="abc"[at % 3], group=str(at), question=f"q{at}?", context=f"c{at}", answer=f"gold{at}"
    )


COMPARISON = Comparison(
    metrics=("rows", "parses"),
    base=make_arm([False] * 58 + [True] * 2),
    expert=make_arm([True] * 55 + [False] * 5),
    base_unseen=make_arm([False] * 4, part="unseen"),
    expert_unseen=make_arm([True, False, True, False], part="unseen"),
    previous=None,
    trained=None,
    general=General(base_loss=1.0, expert_loss=1.25, increase=0.25, passages=64, tokens=900),
    ambiguous={},
    template=TEMPLATES["chatml"],
    template_name="chatml",
    shots=3,
)
"""An expert that is much better than its base and wrong about five items, two of which the base knows."""


def with_others(*, before: int = 55, trained: int = 57) -> Comparison:
    """The same with a release before it and the adapter as trained, right about so many first items."""
    arms = {right: make_arm([at < right for at in range(60)]) for right in (before, trained)}
    return replace(
        COMPARISON,
        previous=Before(version="0.9.0", content_digest="a" * 64, arm=arms[before]),
        trained=arms[trained],
    )
