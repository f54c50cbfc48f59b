"""What is kept is what is worth most: optimal where one side is whole, whatever module it is in."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from expertkit.adapters.svd import Svd, product_svd
from expertkit.osd import masks
from expertkit.osd.error import squared_distance
from expertkit.osd.masks import Masks
from expertkit.osd.settings import SCORES
from tests.osd.builders import heavy_sources

SEEDS = st.integers(0, 1 << 32)


def tiny(seed: int, *, out: int = 4, width: int = 5, rank: int = 2) -> Svd:
    """The components of a tiny update."""
    rng = np.random.default_rng(seed)
    return product_svd(rng.standard_t(3, (out, rank)), rng.standard_t(3, (rank, width)))


def left_masks(bases: Mapping[str, Svd], keep: int) -> dict[str, Masks]:
    """Those of ``keep`` entries of U beside all of V, by the squared weight of an entry."""
    worths = {name: ((svd.s[:, None] * svd.u.T) ** 2, np.full(svd.vt.shape, 1e9)) for name, svd in bases.items()}
    whole = sum(svd.vt.size for svd in bases.values())
    return masks.select(bases, keep=whole + keep, score="fisher", worths=worths)


def squared_error(svd: Svd, kept: NDArray[np.bool_]) -> float:
    """What is lost where only some of U is left."""
    return squared_distance(svd, svd.u.T * kept, svd.s, svd.vt)


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, density=st.floats(0, 1), rank=st.integers(1, 4))
def test_law_5_the_error_of_a_one_sided_mask_is_what_its_entries_weigh(seed: int, density: float, rank: int) -> None:
    """|D - D'|^2 = sum of s_j^2 over the components and of s_j^2 u_ij^2 over the entries that are gone, exactly.

    For rows of V^T are orthonormal.
    """
    svd = tiny(seed, out=9, width=7, rank=4)
    first = svd.first(rank)
    kept = np.random.default_rng(seed).random(first.u.T.shape) < density

    error = squared_distance(svd, first.u.T * kept, first.s, first.vt)

    tail, dropped = float(svd.s[rank:] @ svd.s[rank:]), float((((first.s[:, None] * first.u.T) ** 2) * ~kept).sum())
    assert error == pytest.approx(tail + dropped, rel=1e-9, abs=1e-12 * float(svd.s @ svd.s))


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, keep=st.integers(0, 8))
def test_law_5_the_largest_entries_are_the_best_one_sided_mask(seed: int, keep: int) -> None:
    """Of all masks of U with as many entries none leaves a smaller error: every one of them is tried."""
    svd = tiny(seed)
    chosen = left_masks({"m": svd}, keep)["m"][0]
    found = squared_error(svd, chosen)

    least = np.inf
    for places in itertools.combinations(range(chosen.size), keep):
        kept = np.zeros(chosen.size, bool)
        kept[list(places)] = True
        least = min(least, squared_error(svd, kept.reshape(chosen.shape)))

    assert int(chosen.sum()) == keep
    assert found <= least + 1e-9 * float(svd.s @ svd.s)


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
def test_law_5_more_of_one_side_is_never_worse(seed: int) -> None:
    """One-sided masks of more entries hold those of fewer."""
    svd = tiny(seed, out=6, width=5, rank=3)

    found = [left_masks({"m": svd}, keep)["m"][0] for keep in range(svd.u.size + 1)]

    assert all((fewer <= more).all() for fewer, more in itertools.pairwise(found))
    errors = [squared_error(svd, kept) for kept in found]
    assert all(more <= fewer + 1e-12 for fewer, more in itertools.pairwise(errors))


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, share=st.floats(0.05, 0.95))
def test_law_13_one_threshold_for_all_modules_beats_equal_shares(seed: int, share: float) -> None:
    """Of modules whose entries cost the same: the same number of entries in all leaves no larger error in all."""
    bases = {name: tiny(seed + at, out=8, width=6, rank=3) for at, name in enumerate("abc")}
    bases = {name: Svd(u=svd.u, s=svd.s * 10.0**at, vt=svd.vt) for at, (name, svd) in enumerate(bases.items())}
    keep = round(share * next(iter(bases.values())).u.size)

    together = left_masks(bases, 3 * keep)
    apart = {name: left_masks({name: svd}, keep)[name] for name, svd in bases.items()}

    errors = [sum(squared_error(bases[name], each[name][0]) for name in bases) for each in (together, apart)]
    assert errors[0] <= errors[1] * (1 + 1e-9) + 1e-9


@pytest.mark.parametrize("score", [score for score in SCORES if score in {"fro", "mag"}])
@pytest.mark.parametrize("keep", [0, 1, 17, 96])
def test_as_many_entries_are_kept_as_were_asked_for(score: masks.Score, keep: int) -> None:
    """Of both factors of all modules together."""
    bases = {name: source.svd for name, source in heavy_sources(1).items()}

    found = masks.select(bases, keep=keep, score=score, worths=dict.fromkeys(bases))

    assert sum(int(u.sum()) + int(v.sum()) for u, v in found.values()) == keep


def test_what_loses_its_other_side_is_worth_less() -> None:
    """An entry of U counts only as far as its row of V^T is there: fro goes to and fro between them."""
    spread, peaked = np.full((8, 1), 8**-0.5), np.eye(8, 1)
    bases = {
        "spread": Svd(u=peaked, s=np.array([1.0]), vt=spread.T),
        "peaked": Svd(u=peaked, s=np.array([0.8]), vt=peaked.T),
    }

    found = masks.select(bases, keep=4, score="fro", worths=dict.fromkeys(bases))

    assert found["peaked"][0].any()
    assert found["peaked"][1].any()


def test_of_equal_entries_the_first_are_kept() -> None:
    """So that the same input gives the same bytes."""
    svd = Svd(u=np.full((4, 1), 0.5), s=np.ones(1), vt=np.full((1, 4), 0.5))

    (u, v) = masks.select({"m": svd}, keep=6, score="mag", worths={"m": None})["m"]

    assert u.tolist() == [[True] * 4]
    assert v.tolist() == [[True, True, False, False]]


def test_zeros_are_never_kept() -> None:
    """They are worth no room, however much there is."""
    svd = Svd(u=np.eye(4, 1), s=np.ones(1), vt=np.eye(1, 5))

    (u, v) = masks.select({"m": svd}, keep=9, score="fro", worths={"m": None})["m"]

    assert (int(u.sum()), int(v.sum())) == (1, 1)


def test_a_score_without_its_calibration_is_refused() -> None:
    """Gradients come from somewhere else."""
    with pytest.raises(ValueError, match="expected a calibration"):
        masks.select({"m": tiny(1)}, keep=3, score="taylor", worths={"m": None})


def test_the_largest_entries_of_an_update_are_kept() -> None:
    """By magnitude."""
    kept = masks.select_of_update(np.array([[3.0, -4, 0], [1, 2, -2.5]]), density=0.5)

    assert kept.tolist() == [[True, True, False], [False, False, True]]
