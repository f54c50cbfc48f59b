"""The error is the true one, and fitting S never makes it larger."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expertkit.adapters.svd import Svd, product_svd
from expertkit.osd import Module, Osd, Settings, Source, relative_error
from expertkit.osd.error import refit, squared_distance
from tests.osd.builders import WAYS, compressed, dense_error, heavy_sources

SEEDS = st.integers(0, 1 << 32)


def random_svd(rng: np.random.Generator, *, rank: int) -> Svd:
    """Of an update of 9 x 7."""
    return product_svd(rng.standard_t(3, (9, rank)), rng.standard_t(3, (rank, 7)))


@pytest.mark.parametrize("way", WAYS)
def test_the_error_is_that_of_the_updates(way: str) -> None:
    """Gram matrices of a few rows give what the whole updates give."""
    osd, _data = compressed(way)

    assert relative_error(osd, heavy_sources(1)) == pytest.approx(
        dense_error(osd, heavy_sources(1)), rel=1e-4, abs=1e-6
    )


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS, rank=st.integers(1, 5), density=st.floats(0.1, 1), exponent=st.integers(-20, 20))
def test_law_7_fitting_s_never_makes_the_error_larger(seed: int, rank: int, density: float, exponent: int) -> None:
    """Whatever is left of the factors, and however unlike the sizes of the components are."""
    rng = np.random.default_rng(seed)
    svd = random_svd(rng, rank=rank)
    sizes = 2.0 ** rng.integers(-abs(exponent), abs(exponent) + 1, svd.rank)[:, None]
    u, v = (rows * (rng.random(rows.shape) < density) for rows in (svd.u.T * sizes, svd.vt))

    before = squared_distance(svd, u, svd.s / sizes[:, 0], v)
    after = squared_distance(svd, u, refit(svd, u, v), v)

    assert after <= before + 1e-9 * float(svd.s @ svd.s)


def test_s_is_found_again() -> None:
    """Where nothing is gone but the sizes of the rows, the update is the same."""
    svd = random_svd(np.random.default_rng(1), rank=4)
    sizes = np.array([1e3, 1.0, 1e-3, 1e-6])[:, None]

    found = refit(svd, svd.u.T * sizes, svd.vt)

    assert found == pytest.approx(svd.s / sizes[:, 0], rel=1e-9)


def test_components_that_are_zero_or_twice_there_are_no_harm() -> None:
    """The normal equations are singular, and the error is the least all the same."""
    svd = random_svd(np.random.default_rng(1), rank=2)
    u = np.concatenate([svd.u.T, svd.u.T[:1], np.zeros((1, 9))])
    v = np.concatenate([svd.vt, svd.vt[:1], svd.vt[:1]])

    s = refit(svd, u, v)

    assert s[-1] == 0
    assert squared_distance(svd, u, s, v) < 1e-12 * float(svd.s @ svd.s)


def test_no_component_is_far_by_all_there_is() -> None:
    """And a source of zeros by nothing."""
    nothing = Module(u=np.zeros((0, 9), np.float32), s=np.zeros(0, np.float32), v=np.zeros((0, 7), np.float32))
    osd = Osd(modules={"m": nothing}, settings=Settings(rank=1))

    for rank, wanted in ((2, 1.0), (0, 0.0)):
        svd = random_svd(np.random.default_rng(1), rank=2).first(rank)
        assert relative_error(osd, {"m": Source(svd=svd)}) == pytest.approx(wanted)
