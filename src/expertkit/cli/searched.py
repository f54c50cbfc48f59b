"""What searches found, as a table. Values in, lines out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from expertkit.cli.table import Row, draw
from expertkit.osd.point import Point

_COLUMNS = ("expert", "base", "bytes whole", "bytes", "smaller", "error", "dev score whole", "dev score", "point")
_RIGHT = set(_COLUMNS) - {"expert", "base", "point"}


def render(found: Sequence[Mapping[str, Any]], *, color: bool = False) -> list[str]:
    """The table of all pairs, and a line for each whose adapter is kept whole.

    Args:
        found: what ``search.stage.search`` gave, for one or more pairs of expert and base.
        color: whether those that are kept whole stand out in red.
    """
    rows = [Row(cells=_cells(each), is_bad=each["point"] is None) for each in found]
    whole = [f"{each['expert']} on {each['base']}: {each['why']}" for each in found if each["point"] is None]
    return [*draw(_COLUMNS, rows, right=_RIGHT, color=color), *whole]


def _cells(found: Mapping[str, Any]) -> list[str]:
    score = "" if found["dev_score_whole"] is None else f"{found['dev_score_whole']:.3f}"
    pair, size = [found["expert"], found["base"]], f"{found['bytes_whole']:,}"
    if found["point"] is None:
        return [*pair, size, "", "", "", score, "", "kept whole"]
    smaller = f"{found['bytes_whole'] / found['bytes']:.1f} x"
    small = [f"{found['bytes']:,}", smaller, f"{found['relative_error']:.3f}"]
    return [*pair, size, *small, score, f"{found['dev_score']:.3f}", Point.from_json(found["point"]).name]
