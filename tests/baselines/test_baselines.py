"""What OSD is measured against: files that decode again, within their budget, and as their inventors meant them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks import peft_conversion
from expertkit.adapters import Factors, Lora
from expertkit.baselines import (
    METHODS,
    Original,
    best,
    bits,
    candidates,
    compeft,
    decode,
    files,
    impart,
    loraquant,
    rounding,
    truncation,
)
from expertkit.baselines.largest import largest
from expertkit.baselines.original import Pair
from expertkit.errors import FormatError
from expertkit.files import sha256_bytes
from tests.adapters.builders import random_dora

SHAPES = {
    "model.layers.0.self_attn.q_proj": (96, 64), "model.layers.0.mlp.down_proj": (64, 160),
    "model.layers.1.self_attn.q_proj": (96, 64), "model.layers.1.mlp.down_proj": (64, 160),
}  # fmt: skip
"""Module path to (out, in); rows of less than a group, and of a group and a part of one."""
RANK = 12
_PROGRAM = """
import sys
from hashlib import sha256
from pathlib import Path
from expertkit.baselines import decode
for path in sorted(Path(sys.argv[1]).iterdir()):
    modules = decode(path.read_bytes()).modules.values()
    print(sha256(b"".join(each.a.tobytes() + each.b.tobytes() for each in modules)).hexdigest())
"""


def _original(*, rank: int = RANK, seed: int = 1) -> Original:
    """Components of falling weight, one module heavier than the others."""
    draw = np.random.default_rng(seed)
    falling = 1 / np.arange(1, rank + 1)
    modules = {
        name: Factors(
            a=draw.standard_normal((rank, width)).astype(np.float32),
            b=((1 + 3 * at) * falling * draw.standard_normal((out, rank))).astype(np.float32),
        )
        for at, (name, (out, width)) in enumerate(SHAPES.items())
    }
    return Original.of(Lora(modules=modules, rank=rank, alpha=2.0 * rank))


def _update(lora: Lora, name: str) -> NDArray[np.float64]:
    factors = lora.modules[name]
    found: NDArray[np.float64] = lora.scale(name) * factors.b.astype(np.float64) @ factors.a.astype(np.float64)
    return found


def _budget(original: Original, rank: int) -> int:
    return len(truncation.encode(original, rank))


def _digest(lora: Lora) -> str:
    return sha256_bytes(b"".join(each.a.tobytes() + each.b.tobytes() for each in lora.modules.values()))


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("rank", [2, 11])
def test_no_candidate_is_larger_than_the_budget_and_the_best_is_one_of_them(name: str, rank: int) -> None:
    """Whatever the knobs, and the error of the best is the least of all."""
    original = _original()
    budget = _budget(original, rank)

    found = list(candidates(name, original, budget))
    chosen = best(name, original, budget)

    assert all(len(each.data) <= budget for each in found)
    assert (chosen is None) == (not found)
    assert chosen is None or original.error(chosen.lora) == min(original.error(each.lora) for each in found)


@pytest.mark.parametrize("name", METHODS)
def test_no_candidate_is_a_byte_larger_than_any_budget(name: str) -> None:
    """Some knobs are longer in the header than others: of twenty budgets one after another some fit barely."""
    original = _original()
    begin = _budget(original, 2)

    assert all(len(each.data) <= budget for budget in range(begin, begin + 20)
               for each in candidates(name, original, budget))  # fmt: skip


def test_every_method_has_something_at_a_large_budget_and_nothing_at_a_byte() -> None:
    """A budget that pays for all of the adapter, and one that pays for nothing."""
    original = _original()

    large = {name for name in METHODS if best(name, original, 10 * _budget(original, RANK)) is not None}
    small = {name for name in METHODS if best(name, original, 1) is not None}

    assert large == set(METHODS)
    assert small == set()


def test_files_decode_to_the_same_adapters_in_another_process(tmp_path: Path) -> None:
    """Nothing that is not in the file is needed, the seed of ImPart's mask included."""
    original = _original()
    chosen = {name: best(name, original, _budget(original, 11)) for name in METHODS}
    expected = []
    for number, each in enumerate(filter(None, chosen.values())):
        (tmp_path / f"{number:02}").write_bytes(each.data)
        expected.append(_digest(each.lora))

    told = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(tmp_path)], check=True, stdout=subprocess.PIPE, text=True
    ).stdout.split()

    assert len(expected) > len(METHODS) / 2
    assert told == expected


def test_truncation_keeps_the_largest_components_in_float16() -> None:
    """Rounding apart, its error is what the other components leave, which is the least there is at that rank."""
    original = _original()

    lora = decode(truncation.encode(original, 3))

    rest = sum(float(source.svd.s[3:] @ source.svd.s[3:]) for source in original.sources.values())
    total = sum(source.energy for source in original.sources.values())
    assert original.error(lora) == pytest.approx(np.sqrt(rest / total), rel=1e-4)
    assert {factors.rank for factors in lora.modules.values()} == {3}


@pytest.mark.parametrize("rank", range(1, RANK))
def test_of_equal_modules_ranks_by_worth_are_at_least_as_good_as_one_rank_for_all(rank: int) -> None:
    """At as many numbers, whatever module they belong to."""
    original = _equal_shapes()
    order = truncation.worthiest(original)

    ranks = truncation.ranks_of(original, order[: rank * len(original.sources)])
    by_worth, uniform = (original.error(decode(truncation.encode(original, each))) for each in (ranks, rank))

    assert sum(ranks.values()) == rank * len(original.sources)
    assert len(set(ranks.values())) > 1
    assert by_worth < uniform


def _equal_shapes() -> Original:
    draw = np.random.default_rng(7)
    modules = {
        f"model.layers.{at}.self_attn.q_proj": Factors(
            a=draw.standard_normal((RANK, 40)).astype(np.float32),
            b=(draw.lognormal(0, 2) * draw.standard_normal((40, RANK))).astype(np.float32),
        )
        for at in range(4)
    }
    return Original.of(Lora(modules=modules, rank=RANK, alpha=float(RANK)))


def test_a_module_that_is_worth_nothing_keeps_no_component() -> None:
    """Its update is zeros, and the file has no number of it."""
    original = _original()
    (name, *others) = original.sources

    lora = decode(truncation.encode(original, {name: 0, **dict.fromkeys(others, 2)}))

    assert not _update(lora, name).any()
    assert all(_update(lora, other).any() for other in others)


@pytest.mark.parametrize("is_coded", [False, True])
@pytest.mark.parametrize(("width", "low", "high"), [(8, 0.003, 0.015), (4, 0.05, 0.25)])
def test_rounding_of_b_and_a_has_the_error_of_its_bits(*, width: int, low: float, high: float, is_coded: bool) -> None:
    """A hundredth with 8 bits, some sixteen times as much with 4, with zstd as without."""
    original = _original()

    lora = decode(rounding.encode(original, original.raw(), width=width, is_coded=is_coded))

    assert low < original.error(lora) < high


@pytest.mark.parametrize("width", range(2, 9))
def test_a_rounded_number_is_within_half_a_step_of_its_group(width: int) -> None:
    """The step is the largest number of the group by the largest code; groups end with the row."""
    original = _original()
    pairs = original.components(5)

    lora = decode(rounding.encode(original, pairs, width=width, is_coded=False))

    for name, pair in pairs.items():
        for begin in range(0, pair.right.shape[1], 128):
            group = pair.right[:, begin : begin + 128]
            step = np.abs(group).max(axis=1, keepdims=True) / (2 ** (width - 1) - 1)
            distance = np.abs(lora.modules[name].a[:, begin : begin + 128] - group)
            assert (distance <= 0.51 * step).all()


def test_zstd_makes_rounded_numbers_smaller_and_changes_none() -> None:
    """Both forms decode to the same adapter."""
    original = _original()

    plain, coded = (rounding.encode(original, original.raw(), width=4, is_coded=each) for each in (False, True))

    assert len(coded) < len(plain)
    assert _digest(decode(coded)) == _digest(decode(plain))


def test_impart_meets_the_components_on_average() -> None:
    """The mean over many seeds is no further from the update than chance allows, entry by entry."""
    original = _original(rank=4)
    (name, *_others) = original.sources
    knobs = [impart.Knobs(curve=1.0, tail=0.0, strength=0.8, seed=seed) for seed in range(400)]

    drawn = np.array([_update(decode(impart.encode(original, each)), name) for each in knobs])

    deviation = drawn.std(axis=0) / np.sqrt(len(drawn))
    apart = np.abs(drawn.mean(axis=0) - _update(original.lora, name))
    assert (apart <= 6 * deviation + 1e-3).all()
    assert apart.mean() < deviation.mean()


def test_impart_drops_more_of_components_of_less_weight_and_the_tail_whole() -> None:
    """The first component is whole; without strength all are, and the file is that of a truncation."""
    original = _original()

    lora = decode(impart.encode(original, impart.Knobs(curve=0.5, tail=0.5, strength=0.9)))
    whole = decode(impart.encode(original, impart.Knobs(curve=0.5, tail=0.5, strength=0.0)))

    for factors in lora.modules.values():
        kept = np.count_nonzero(factors.a, axis=1) / factors.a.shape[1]
        assert factors.rank == RANK // 2
        assert kept[0] == 1
        assert kept[0] > kept[1] > kept[-1]
    assert _digest(whole) == _digest(decode(truncation.encode(original, RANK // 2)))


@pytest.mark.parametrize("scope", compeft.SCOPES)
def test_compeft_keeps_signs_of_the_largest_entries_and_one_size(scope: compeft.Scope) -> None:
    """Of a tensor, or of all; the size is alpha times the standard deviation."""
    original = _original()
    raw = original.raw()
    all_sides = np.concatenate([side.ravel() for pair in raw.values() for side in pair.sides])

    lora = decode(compeft.encode(original, compeft.Knobs(density=0.25, alpha=1.5, scope=scope)))

    kept = 0
    for name, pair in raw.items():
        for ours, theirs in ((lora.modules[name].b.T, pair.left), (lora.modules[name].a, pair.right)):
            whose = theirs if scope == "tensor" else all_sides
            found = ours != 0
            kept += int(found.sum())
            assert (np.sign(ours[found]) == np.sign(theirs[found])).all()
            assert ours[found] == pytest.approx(1.5 * whose.std() * np.sign(theirs[found]), rel=1e-5)
            assert np.abs(theirs[found]).min() >= np.quantile(np.abs(whose), 0.74)
    assert kept == pytest.approx(0.25 * all_sides.size, abs=4)


def test_loraquant_rounds_first_components_and_keeps_signs_of_the_rest() -> None:
    """Where the share of energy is reached, numbers of few levels end, and signs with a mean size begin."""
    original = _original()
    knobs = loraquant.Knobs(width=2, rho=0.7, rank=RANK)

    lora = decode(loraquant.encode(original, knobs))

    for name, pair in original.components(RANK).items():
        s = original.sources[name].svd.s
        first = int(np.argmax(np.cumsum(s**2) >= 0.7 * (s @ s))) + 1
        ours, theirs = lora.modules[name].b.T, pair.left
        levels = [len(np.unique(row)) for row in ours]
        assert 0 < first < RANK
        assert set(levels[:first]) <= {3, 4}
        assert set(levels[first:]) == {2}
        assert (np.sign(ours[first:]) == np.sign(theirs[first:])).all()
        assert np.abs(ours[first:, 0]) == pytest.approx(np.abs(theirs[first:]).mean(axis=1), rel=1e-3)


def test_loraquant_with_more_bits_is_nearer() -> None:
    """All components at 4 bits, and at 2."""
    original = _original()

    fine, coarse = (
        original.error(decode(loraquant.encode(original, loraquant.Knobs(width=width, rho=1.0, rank=RANK))))
        for width in (4, 2)
    )

    assert fine < coarse / 2


def test_pefts_own_conversion_at_a_fixed_rank_is_truncation() -> None:
    """Its dense decomposition in float32 finds what ours finds by factors."""
    original = _original()
    budget = _budget(original, 4)

    found = {name: decode(data) for name, data in peft_conversion.files(original, budget)}

    ours = original.error(decode(truncation.encode(original, 4)))
    assert original.error(found[peft_conversion.RANK]) == pytest.approx(ours, rel=1e-4)
    assert peft_conversion.ENERGY in found


def test_norms_of_dora_come_back_as_they_were() -> None:
    """They stay in float32 whatever becomes of the factors; PEFT converts no DoRA."""
    original = Original.of(random_dora())

    loras = [decode(each.data) for name in METHODS if (each := best(name, original, 1 << 20)) is not None]

    assert len(loras) == len(METHODS)
    for lora in loras:
        for name, factors in original.lora.modules.items():
            ours = lora.modules[name].magnitude
            assert ours is not None
            assert factors.magnitude is not None
            assert np.array_equal(ours, factors.magnitude)
    assert list(peft_conversion.files(original, 1 << 20)) == []


def test_zeros_stay_zeros() -> None:
    """An adapter that was not trained has no component, and an error of nothing."""
    names = list(SHAPES)[:1]
    zeros = {name: Factors(a=np.zeros((2, 8), np.float32), b=np.zeros((8, 2), np.float32)) for name in names}
    original = Original.of(Lora(modules=zeros, rank=2, alpha=2.0))

    found = [each for name in METHODS for each in candidates(name, original, 1 << 20)]

    assert found
    assert all(original.error(each.lora) == 0 for each in found)
    assert not any(_update(each.lora, name).any() for each in found for name in names)


@pytest.mark.parametrize("name", METHODS)
def test_a_file_cut_short_or_with_more_after_it_is_refused(name: str) -> None:
    """So no number is read that was not written."""
    original = _original()
    chosen = best(name, original, 10 * _budget(original, RANK))
    assert chosen is not None

    for wrong in (chosen.data[:-1], chosen.data[:20], chosen.data[:7]):
        with pytest.raises(FormatError):
            decode(wrong)
    if not chosen.knobs.get("is_coded"):
        with pytest.raises(FormatError, match="expected the end"):
            decode(chosen.data + b"\0")


def test_another_file_is_refused() -> None:
    """It says that its beginning is not that of a baseline."""
    with pytest.raises(FormatError, match="magic"):
        files.read(b"OSDADPT\x01" + bytes(40))


@pytest.mark.parametrize("width", range(1, 9))
def test_numbers_of_any_width_come_back(width: int) -> None:
    """Also where the last byte is not full."""
    codes = np.random.default_rng(width).integers(0, 1 << width, (3, 7), dtype=np.uint8)

    data = bits.pack(codes, width)

    assert len(data) == -(-21 * width // 8)
    assert np.array_equal(bits.unpack(files.Reader(memoryview(data)), (3, 7), width), codes)


@pytest.mark.parametrize("limit", range(8))
def test_the_largest_that_fits_is_found(limit: int) -> None:
    """Or nothing, where not even the first fits."""
    assert largest([1, 2, 4, 5, 6], lambda value: value <= limit) == max(
        [value for value in (1, 2, 4, 5, 6) if value <= limit], default=None
    )


def test_a_pair_knows_its_rows() -> None:
    """Rows of both sides belong together."""
    pair = Pair(left=np.zeros((3, 5)), right=np.zeros((3, 7)))

    assert pair.rank == 3
    assert [side.shape for side in pair.sides] == [(3, 5), (3, 7)]
