"""A comparison as one HTML page that needs nothing beside it: no script, no picture file, no font, no network.

The same comparison gives the same bytes. Every text is escaped: answers come from models, items from strangers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from expertkit.data.items import Item
from expertkit.data.prompt import Turn, completion, render
from expertkit.errors import printable
from expertkit.evaluation.arm import Arm
from expertkit.evaluation.report import chart
from expertkit.evaluation.report.comparison import Comparison
from expertkit.evaluation.report.data import arms
from expertkit.evaluation.statistics import wilson_interval

_MOST_ITEMS = 40
_LONGEST = 2_000  # characters of one text
_TEMPLATE = Path(__file__).with_name("page.html")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Somebody's share of right answers, with its 95 % interval (Wilson)."""

    name: str
    score: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Two arms compared in one metric, and what follows."""

    what: str
    difference: float
    low: float
    high: float | None
    """None where only the lower end is known."""
    detectable: float | None
    """What so many items could tell."""
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """A test item that the expert got wrong."""

    item: Item
    base: str
    expert: str
    is_base_right: bool
    problem: str | None
    """Why the expert's answer is wrong."""


def render_page(
    metrics: Mapping[str, Any], comparison: Comparison, curve: Sequence[tuple[int, float]], *, fingerprint: str
) -> str:
    """The page.

    Args:
        metrics: what metrics.json says.
        comparison: what it was made of.
        curve: steps and losses of the training.
        fingerprint: of the base.
    """
    tools = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    tools.filters |= {"visible": visible, "share": "{:.1%}".format, "signed": "{:+.3f}".format}
    misses = list(_misses(comparison))
    return tools.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(
        metrics=metrics,
        bars=[_bar(name, arm, comparison.primary) for name, arm in arms(comparison).items()],
        unseen=_unseen(comparison),
        rows=list(_rows(metrics)),
        misses=misses[:_MOST_ITEMS],
        missed=len(misses),
        chart=chart.chart(curve),
        size=(chart.WIDTH, chart.HEIGHT),
        example=_example(comparison),
        fingerprint=fingerprint,
    )


def visible(text: str) -> str:
    """A text line by line, cut where it is long; signs that nobody would see stand as escapes."""
    more = f"\n… and {len(text) - _LONGEST} characters more" if len(text) > _LONGEST else ""
    return "\n".join(printable(line.expandtabs(4)) for line in text[:_LONGEST].split("\n")) + more


def _bar(name: str, arm: Arm, metric: str) -> Bar:
    right = arm.right(metric)
    low, high = wilson_interval(sum(right), len(right))
    return Bar(name=name, score=arm.score(metric), low=low, high=high)


def _unseen(comparison: Comparison) -> list[Bar]:
    """Base and expert on names that training never showed, where there are such items."""
    pair = {"base": comparison.base_unseen, "expert": comparison.expert_unseen}
    return [_bar(name, arm, comparison.primary) for name, arm in pair.items() if arm.items]


def _rows(metrics: Mapping[str, Any]) -> Iterator[Row]:
    yield _over_base(metrics)
    before = metrics["previous"]
    if before is not None:
        for metric, kept in before["kept"].items():
            yield _over_previous(f"version {before['version']}, {metric}", kept)
    if metrics["compression"] is not None:
        yield _row("as trained", metrics["compression"]["difference"], says="what shipping it in fewer bits changes")


def _over_base(metrics: Mapping[str, Any]) -> Row:
    found, max_p = metrics["difference"], metrics["thresholds"]["max_p"]
    if found["p_value"] <= max_p:
        says = f"{'better' if found['value'] > 0 else 'worse'}, p = {found['p_value']:.2g}"
    elif found["detectable"] is not None and found["detectable"] >= abs(found["value"]):
        says = f"under-powered: {found['items']} items can tell differences of {found['detectable']:.3f}"
    else:
        says = f"no difference at p of at most {max_p:g}: p = {found['p_value']:.2g}"
    return _row(f"base, {metrics['metric']}", found, says=says)


def _over_previous(what: str, kept: Mapping[str, Any]) -> Row:
    margin, tells = kept["margin"], f"{kept['items']} items can tell margins of {kept['detectable']:.3f}"
    says = {
        "accepted": f"at most {margin:g} worse, with 95 % confidence",
        "under-powered": f"under-powered: {tells}, not of {margin:g}",
        "refused": f"perhaps more than {margin:g} worse",
    }[kept["verdict"]]
    return Row(
        what=what, difference=kept["difference"], low=kept["low"], high=None, detectable=kept["detectable"], says=says
    )  # fmt: skip


def _row(what: str, found: Mapping[str, Any], *, says: str) -> Row:
    low, high = found["interval"]
    return Row(
        what=what, difference=found["value"], low=low, high=high, detectable=found["detectable"], says=says
    )  # fmt: skip


def _misses(comparison: Comparison) -> Iterator[Miss]:
    """What the expert got wrong: first what its base got right, then the others."""
    base, expert = comparison.base, comparison.expert
    right, known = expert.right(comparison.primary), base.right(comparison.primary)
    for is_base_right in (True, False):
        for at, item in enumerate(expert.items):
            if not right[at] and known[at] is is_base_right:
                yield Miss(
                    item=item, base=base.answers[at], expert=expert.answers[at], is_base_right=is_base_right,
                    problem=expert.grades[at].problem,
                )  # fmt: skip


def _example(comparison: Comparison) -> tuple[str, str]:
    """The first test item as the expert is asked it, and its own answer with what ends it."""
    item = comparison.expert.items[0]
    prompt = render(comparison.template, Turn(question=item.question, context=item.context))
    return prompt, completion(comparison.template, item.answer)
