"""One expert on one base, compressed in many ways, each asked the test items: ``python -m benchmarks.contenders KEY``.

Every file is decoded before it is asked. A rival that has knobs is asked the dev items with each setting that fits the
budget, and the test items with the best one.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from benchmarks import native, peft_conversion
from benchmarks.rivals import budget_of, read_lora
from expertkit import layout
from expertkit.adapters import CONFIG, Lora
from expertkit.baselines import Original, best, truncation
from expertkit.errors import ExpertError
from expertkit.evaluation.questions import Questions
from expertkit.files import read_json
from expertkit.osd.point import Point
from expertkit.osd.settings import Settings
from expertkit.osd.source import source_parameters
from expertkit.packages.weights import read_trained
from expertkit.recipes import Recipe, read_recipe
from expertkit.search.calibrating import Calibrating
from expertkit.search.trials import Trials

BITS = (4.0, 2.0)
RANKS = (1, 2)
"""Of the budgets: the bytes of truncSVD in float16."""
WHOLE, OSD, PLAIN, THIRD, TRUNCATED, PEFT, NATIVE = (
    "whole", "osd", "osd f16 fro", "osd, a third of the bytes", "truncSVD", "peft", "native",
)  # fmt: skip
_NATIVE_BASES = ("qwen3-tiny",)
"""A training for every budget is long."""
_ALL = 1_000_000
"""Items: more than there are."""
_RELAXED = (1.5, 2, 3)
"""Components that plain OSD chooses from, in ranks that the budget pays for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What came of one way on the test items."""

    name: str
    rank: int | None
    """Of the budget; None for those that have another."""
    size: int
    """Bytes of the file."""
    right: list[bool]
    """Item by item."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """An expert and a base, and what everything came to."""

    key: str
    expert: str
    groups: list[str]
    """What each item shares with others."""
    answered: list[Answered]


def look(key: str, *, project: Path) -> Pair:
    """Ask every contender.

    Args:
        key: of a recipe, as in build/recipes.
        project: whose data and trained adapters are used.
    """
    recipe = _recipe(project, key)
    looking = _Looking(project, recipe)
    answered = [looking.ask(name, rank, data) for name, rank, data in looking.files()]
    groups = [item.group for item in looking.test.items]
    return Pair(key=key, expert=recipe.expert, groups=groups, answered=answered)


class _Looking:
    """What is shared by all contenders of a pair."""

    def __init__(self, project: Path, recipe: Recipe) -> None:
        adapter = read_trained(project, recipe.expert, recipe.base)
        if not isinstance(adapter, Lora):
            raise ExpertError(f"{recipe.key}: expected a LoRA or DoRA, got {adapter.kind}")
        self._project, self._recipe, self._adapter = project, recipe, adapter
        self._original = Original.of(adapter)
        self._trials = Trials(project, adapter, calibrate=Calibrating(project, recipe, adapter))
        self._dev, self.test = (
            Questions(project, recipe, split=split, count=count, answered=lambda _count: None)
            for split, count in (("dev", recipe.search.items), ("test", _ALL))
        )

    def ask(self, name: str, rank: int | None, data: bytes | None) -> Answered:
        """The test items; of no file, the adapter as it was trained."""
        lora = self._adapter if data is None else read_lora(data)
        print(f"    {self._recipe.key}: {name}{'' if rank is None else f' at rank {rank}'}", file=sys.stderr)
        right = self.test.right(lora)
        return Answered(name=name, rank=rank, size=len(data) if data else 0, right=right)

    def files(self) -> Iterator[tuple[str, int | None, bytes | None]]:
        """Name, rank of the budget and file of every contender."""
        yield WHOLE, None, None
        for bits in BITS:
            yield f"osd, {bits:g} bits", None, self._osd(int(bits * source_parameters(self._adapter) / 8))
        for rank in RANKS:
            budget = budget_of(self._original, rank)
            yield OSD, rank, self._osd(budget)
            yield THIRD, rank, self._osd(budget // 3)
            yield PLAIN, rank, self._tuned([self._plain(round(rank * more), budget) for more in _RELAXED])
            cut = [best(name, self._original, budget) for name in ("truncated", "truncated, global rank")]
            yield TRUNCATED, rank, self._tuned([each.data for each in cut if each is not None])
            converted = [data for _name, data in peft_conversion.files(self._original, budget) if len(data) <= budget]
            if converted:
                yield PEFT, rank, self._tuned(converted)
            if self._recipe.base in _NATIVE_BASES:
                yield NATIVE, rank, self._tuned([self._native(rank, rate) for rate in native.RATES])

    def _osd(self, budget: int) -> bytes:
        """As a search ships it."""
        settings = Settings(rank=self._original.rank, codec="rdq", score="fisher")
        return self._trials.compress(Point(settings=settings, budget=budget)).data

    def _plain(self, rank: int, budget: int) -> bytes:
        return self._trials.compress(Point(settings=Settings(rank=rank), budget=budget)).data

    def _native(self, rank: int, rate: float) -> bytes:
        original = Original.of(native.trained_at(self._recipe, rank, rate=rate, project=self._project))
        torch.set_num_threads(self._recipe.evaluate.threads)
        return truncation.encode_pairs(original, original.components(rank), rank="native")

    def _tuned(self, files: list[bytes]) -> bytes:
        """The one with most right dev answers."""
        different = list(dict.fromkeys(files))
        return max(different, key=lambda data: sum(self._dev.right(read_lora(data)))) if different[1:] else different[0]


def _recipe(project: Path, key: str) -> Recipe:
    base = read_json(project / layout.TRAIN / key / CONFIG)["base_model_name_or_path"]
    return read_recipe(project, key.removesuffix(f"-{base}"), base)


if __name__ == "__main__":
    print(json.dumps(asdict(look(sys.argv[1], project=Path()))))
