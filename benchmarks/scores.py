"""What compression costs in right answers, and what its rivals cost at equal bytes: 500 test items of every pair.

Compared are paired answers. Intervals are those of the bootstrap over whole schemas, on which both bases of an expert
are asked; what is lost at most is Tango's bound.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Hashable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from benchmarks.commands import say
from benchmarks.contenders import BITS, NATIVE, OSD, PEFT, PLAIN, RANKS, THIRD, TRUNCATED, WHOLE, Answered, Pair
from benchmarks.osd import trained
from benchmarks.rows import Lab, Row, at_least, at_most, reported
from expertkit.evaluation.statistics import compare, holm, non_inferiority

_LOST = {4.0: 0.1, 2.0: 0.5}
"""Points that may be lost at so many bits."""
_MARGIN, _ALPHA = 0.02, 0.05
_POINTS = 100


def measure(lab: Lab) -> list[Row]:
    """Right answers lost at 4 and 2 bits, and at equal bytes against truncSVD, PEFT and few components trained."""
    keys = [folder.name for folder in trained(lab.adapters)]
    if not keys:
        how = "none: make run trains those of this project"
        return [Row(name=f"trained adapters in {lab.adapters}", measured=how, goal="at least one", met=False)]
    say(f"  > {', '.join(keys)}: every way asked the test items")
    with ThreadPoolExecutor(2) as pool:
        return compare_pairs(list(pool.map(_look, keys)))


def compare_pairs(pairs: Sequence[Pair]) -> list[Row]:
    """Every goal over all pairs, then every pair."""
    return [
        *(row for bits in BITS for row in _lost_rows(pairs, bits)),
        *(row for rank in RANKS for row in _rank_rows(pairs, rank)),
        *(row for pair in pairs for row in _pair_rows(pair)),
    ]


def _lost_rows(pairs: Sequence[Pair], bits: float) -> list[Row]:
    name = f"osd, {bits:g} bits"
    whole, small, groups = _pooled(pairs, (WHOLE, None), (name, None))
    found = non_inferiority(whole, small, groups, margin=_MARGIN)
    each = [non_inferiority(_right(pair, WHOLE), _right(pair, name), pair.groups, margin=_MARGIN) for pair in pairs]
    lost = -found.difference * _POINTS
    return [
        at_most(f"points lost at {bits:g} bits per parameter, mean of {len(pairs)} pairs", lost, limit=_LOST[bits]),
        at_most(f"points lost at {bits:g} bits, with 95 % confidence at most", -found.low * _POINTS,
                limit=_MARGIN * _POINTS),
        reported(f"pairs that lose at most 2 points at {bits:g} bits, with 95 % confidence each",
                 f"{sum(one.is_proven for one in each)} of {len(each)}"),
    ]  # fmt: skip


def _rank_rows(pairs: Sequence[Pair], rank: int) -> list[Row]:
    at = f"at the bytes of rank {rank}"
    rows = [_gained(pairs, rank, TRUNCATED, is_goal=True), _gained(pairs, rank, NATIVE, is_goal=True)]
    rows += [_gained(pairs, rank, name, is_goal=False) for name in (PEFT, PLAIN)]
    converted = [pair for pair in pairs if _has(pair, PEFT, rank)]
    found = {pair.key: compare(_right(pair, PEFT, rank), _right(pair, OSD, rank), pair.groups) for pair in converted}
    p_values = holm({key: each.p_value for key, each in found.items()})
    count = sum(each.value < 0 and p_values[key] < _ALPHA for key, each in found.items())
    rows.append(at_most(f"pairs significantly worse than peft {at}, of {len(converted)} (Holm)", count, limit=0))
    if converted:
        peft, third, groups = _pooled(converted, (PEFT, rank), (THIRD, rank))
        low = non_inferiority(peft, third, groups, margin=_MARGIN).low
        rows.append(at_least(f"a third of the bytes against peft {at}, points, with 95 % confidence at least",
                             low * _POINTS, limit=-_MARGIN * _POINTS))  # fmt: skip
    return rows


def _gained(pairs: Sequence[Pair], rank: int, rival: str, *, is_goal: bool) -> Row:
    """How many more right answers, in points, with the interval; the goal is a mean that is surely above 0."""
    asked = [pair for pair in pairs if _has(pair, rival, rank)]
    name = f"points over {rival} at the bytes of rank {rank}, mean of {len(asked)} (95 % interval)"
    if not asked:
        return reported(name, "not asked")
    first, second, groups = _pooled(asked, (rival, rank), (OSD, rank))
    found = compare(first, second, groups)
    low, high = (end * _POINTS for end in found.interval)
    measured = f"{found.value * _POINTS:.1f} ({low:.1f} to {high:.1f})"
    if not is_goal:
        return reported(name, measured)
    return Row(name=name, measured=measured, goal="above 0 with its interval", met=low > 0)


def _pair_rows(pair: Pair) -> list[Row]:
    return [reported(f"{pair.key}: {name}, right (bytes)", "  ".join(map(_said, answered)))
            for name, answered in _by_name(pair.answered).items()]  # fmt: skip


def _by_name(answered: Iterable[Answered]) -> dict[str, list[Answered]]:
    found: dict[str, list[Answered]] = {}
    for each in answered:
        found.setdefault(each.name, []).append(each)
    return found


def _said(answered: Answered) -> str:
    share = f"{sum(answered.right) / len(answered.right):.3f}"
    return f"{share} ({answered.size:,})" if answered.size else share


def _pooled(
    pairs: Iterable[Pair], first: tuple[str, int | None], second: tuple[str, int | None]
) -> tuple[list[bool], list[bool], list[Hashable]]:
    """The answers of two ways on all pairs, and the groups of the items."""
    pairs = list(pairs)
    sides = ([right for pair in pairs for right in _right(pair, *which)] for which in (first, second))
    return *sides, [(pair.expert, group) for pair in pairs for group in pair.groups]  # type: ignore[return-value]


def _right(pair: Pair, name: str, rank: int | None = None) -> list[bool]:
    return next(each.right for each in pair.answered if (each.name, each.rank) == (name, rank))


def _has(pair: Pair, name: str, rank: int) -> bool:
    return any((each.name, each.rank) == (name, rank) for each in pair.answered)


def _look(key: str) -> Pair:
    command = [sys.executable, "-m", "benchmarks.contenders", key]
    said = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    say(f"    {key}: done")
    return Pair(**{**said, "answered": [Answered(**each) for each in said["answered"]]})
