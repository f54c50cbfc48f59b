"""A curve is drawn inside its frame."""

from __future__ import annotations

import math
import re

import pytest

from expertkit.evaluation.report.chart import HEIGHT, WIDTH, chart


def test_every_point_lies_inside() -> None:
    """The first to the left and above, the last to the right and below; ticks are round values between the ends."""
    drawn = chart([(1, 6.2), (50, 1.0), (100, 0.04)])

    assert drawn is not None
    points = [(float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)", drawn.path)]
    assert len(points) == 3
    assert points == sorted(points)
    assert [y for _, y in points] == sorted(y for _, y in points)
    assert all(0 < x < WIDTH and 0 < y < HEIGHT for x, y in points)
    assert [tick.text for tick in drawn.up] == ["0.05", "0.1", "0.2", "0.5", "1", "2", "5"]
    assert [tick.text for tick in drawn.across] == ["1", "100"]


@pytest.mark.parametrize("points", [[], [(1, 2.0)], [(1, 2.0), (2, 0.0), (3, math.nan), (4, math.inf)]])
def test_what_is_no_curve_is_not_drawn(points: list[tuple[int, float]]) -> None:
    """A logarithm needs two values above zero."""
    assert chart(points) is None


def test_a_flat_curve_is_a_line_in_the_middle() -> None:
    """No division by a range of nothing."""
    drawn = chart([(1, 1.0), (2, 1.0)])

    assert drawn is not None
    assert drawn.path == "M52.0 92.0 L630.0 92.0"
