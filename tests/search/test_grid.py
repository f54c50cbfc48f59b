"""The ways to compress that a recipe asks for, each once, and none that means nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from expertkit.osd.point import Point
from expertkit.recipes import SearchConfig
from expertkit.recipes.search_grids import read_grid
from expertkit.search.grid import grid
from tests.pipeline.workspace import PROJECT

ALL = SearchConfig(
    ranks=(2, 4, 8), codecs=("f32", "int8", "rdq"), scores=("mag", "fro"), kept=(0.2, 0.9), dropped=(0.1, 0.3),
    bits=(4.0, 1.0),
)  # fmt: skip


def densities(points: tuple[Point, ...]) -> list[float]:
    """Those of masks."""
    return sorted({point.settings.density for point in points if point.settings.codec != "rdq"})


def test_every_combination_is_there_once() -> None:
    """Codecs, scores and densities of masks, sizes of rdq, each with every rank."""
    points = grid(ALL, rank=8)

    assert Counter(point.settings.codec for point in points) == {"f32": 18, "int8": 18, "rdq": 6}
    assert len(set(points)) == len({point.name for point in points}) == len(points)


def test_what_is_said_twice_is_tried_once() -> None:
    """A share that is kept and the same one dropped, a rank or a size that stands there again."""
    twice = replace(ALL, ranks=(2, 4, 8, 4), codecs=("f32", "int8", "rdq", "f32"), bits=(4.0, 1.0, 4.0))

    assert grid(twice, rank=8) == grid(ALL, rank=8)
    assert densities(grid(ALL, rank=8)) == [0.2, 0.7, 0.9]


def test_dropped_is_the_rest_of_kept() -> None:
    """To the last digit, so that a name and a key do not depend on how it was said."""
    shares = (0.01, 0.05, 0.1, 0.2, 0.3, 0.7)

    said = grid(replace(ALL, kept=(), dropped=shares), rank=8)

    assert said == grid(replace(ALL, kept=(0.99, 0.95, 0.9, 0.8, 0.7, 0.3), dropped=()), rank=8)


def test_ranks_beyond_the_adapter_are_left_out() -> None:
    """They would be the same as its own."""
    assert {point.settings.rank for point in grid(ALL, rank=5)} == {2, 4}


def test_an_adapter_below_every_rank_is_tried_with_its_own() -> None:
    """Something is tried where nothing of the list fits."""
    assert {point.settings.rank for point in grid(ALL, rank=1)} == {1}


def test_rdq_has_a_size_and_no_density() -> None:
    """Its step decides what is kept; a mask has no size to reach."""
    points = grid(ALL, rank=8)

    assert {point.bits for point in points if point.settings.codec == "rdq"} == {1.0, 4.0}
    assert {point.settings.density for point in points if point.settings.codec == "rdq"} == {1.0}
    assert {point.bits for point in points if point.settings.codec != "rdq"} == {None}


def test_rdq_alone_is_tried_without_a_score_of_masks() -> None:
    """Scores that it cannot heed make no trials of their own."""
    points = grid(replace(ALL, codecs=("rdq",), scores=("mag", "taylor")), rank=8)

    assert len(points) == 6
    assert {point.settings.score for point in points} == {"fro"}


def test_without_sizes_or_shares_there_is_nothing_to_try() -> None:
    """An empty list is no default."""
    assert grid(replace(ALL, kept=(), dropped=(), bits=()), rank=8) == ()


def test_the_full_grid_has_every_share_of_the_requirements_in_both_meanings() -> None:
    """1 to 20 % kept and 1 to 20 % dropped, with every codec that it has."""
    points = grid(read_grid(PROJECT, "full"), rank=32)

    assert set(densities(points)) >= {0.01, 0.05, 0.1, 0.2, 0.8, 0.9, 0.95, 0.99}
    assert {point.settings.rank for point in points} == {8, 12, 16, 24, 32}
