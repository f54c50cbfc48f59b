"""The ways to compress that a recipe asks for."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from expertkit.osd.point import Point
from expertkit.osd.settings import OF_STEPS, Settings
from expertkit.recipes import SearchConfig


def grid(config: SearchConfig, *, rank: int) -> tuple[Point, ...]:
    """Every combination that means something, each once.

    Masks have a codec, a score and a density; rdq has a size, as its step decides what is kept, and a score of those
    that it can heed, or ``fro``.

    Args:
        config: what to combine.
        rank: of the trained adapter; larger ones are left out, and with none left this one is tried.
    """
    ranks = sorted({each for each in config.ranks if each <= rank}) or [rank]
    return tuple(dict.fromkeys([*_masks(config, ranks), *_quantised(config, ranks)]))


def _masks(config: SearchConfig, ranks: list[int]) -> Iterator[Point]:
    densities = sorted({*config.kept, *(round(1 - dropped, 9) for dropped in config.dropped)})
    codecs = [codec for codec in config.codecs if codec != "rdq"]
    for rank, codec, score, density in itertools.product(ranks, codecs, config.scores, densities):
        yield Point(settings=Settings(rank=rank, codec=codec, score=score, density=density))


def _quantised(config: SearchConfig, ranks: list[int]) -> Iterator[Point]:
    if "rdq" in config.codecs:
        scores = [score for score in config.scores if score in OF_STEPS] or ["fro"]
        for rank, score, bits in itertools.product(ranks, scores, sorted(config.bits)):
            yield Point(settings=Settings(rank=rank, codec="rdq", score=score), bits=bits)
