"""What fresh questions found, as a table. Values in, lines out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from expertkit.cli.table import Row, draw

_COLUMNS = (
    "expert",
    "base",
    "asked",
    "version",
    "score",
    "interval",
    "released with",
    "p",
    "content digest",
    "verdict",
)
_RIGHT = {"score", "interval", "released with", "p"}


def render(found: Sequence[Mapping[str, Any]], *, color: bool = False) -> list[str]:
    """The table of everybody who was asked, and a line for each regression.

    Args:
        found: what ``evaluation.fresh.examine`` gave, for one or more pairs of expert and base.
        color: whether regressions stand out in red.
    """
    rows = [row for each in found for row in _rows(each)]
    return [*draw(_COLUMNS, rows, right=_RIGHT, color=color), *regressions(found)]


def regressions(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line for each package that has become worse."""
    return [
        f"{each['expert']} {package['version']} on {each['base']}: {package['regression']}"
        for each in found
        for package in each["packages"]
        if package["regression"]
    ]


def _rows(found: Mapping[str, Any]) -> Iterator[Row]:
    pair, unaided = [found["expert"], found["base"]], found["unaided"]
    yield Row(cells=[*pair, f"base, {unaided['shots']} shots", "", *_score(unaided), "", "", "", ""], is_bad=False)
    for number, package in enumerate(found["packages"], start=1):
        recorded, regression = package["recorded"], package["regression"]
        yield Row(
            cells=[
                *pair,
                package.get("role", f"package {number}"),
                package["version"],
                *_score(package),
                f"{recorded['score']:.3f}",
                f"{package['p_value']:.1e}",
                package["content_digest"][:12],
                "regression" if regression else "holds",
            ],
            is_bad=bool(regression),
        )


def _score(value: Mapping[str, Any]) -> list[str]:
    low, high = value["interval"]
    return [f"{value['score']:.3f}", f"{low:.3f}..{high:.3f}"]
