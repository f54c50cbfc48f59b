"""Laws of the exact decomposition."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expertkit.adapters import Factors, Lora, decompose, encode_tensors
from expertkit.adapters.dtypes import DTYPES, DType
from expertkit.adapters.svd import product_svd, promised_error, randomized_svd
from tests.adapters.builders import SHAPES, mixed_lora, random_dora, random_lora, update

SEEDS = st.integers(0, 2**32 - 1)
RANKS = st.integers(1, 16)
FIRST = next(iter(SHAPES))


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, rank=RANKS)
def test_singular_values_equal_those_of_the_dense_update(seed: int, rank: int) -> None:
    """Two thin QRs find what a dense SVD finds."""
    lora = random_lora(seed, rank=rank)

    found = decompose(lora, dtype="float32")

    for name, (out, width) in SHAPES.items():
        dense = np.linalg.svd(update(lora, name), compute_uv=False)[: min(rank, out, width)]
        assert np.allclose(found.spectra[name].singular_values[: len(dense)], dense, rtol=1e-9, atol=1e-9 * dense[0])
        assert found.spectra[name].numeric_rank == min(rank, out, width)


@pytest.mark.parametrize("dtype", DTYPES)
@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, rank=RANKS)
def test_error_is_at_most_the_promised_one(dtype: DType, seed: int, rank: int) -> None:
    """What is written differs from the update by rounding only, and the reported error is the true one."""
    lora = random_lora(seed, rank=rank)

    found = decompose(lora, dtype=dtype)

    for name in SHAPES:
        exact = update(lora, name)
        true = np.linalg.norm(exact - update(found.lora, name)) / np.linalg.norm(exact)
        assert found.spectra[name].error == pytest.approx(true, rel=1e-3, abs=1e-13)
        if dtype != "float16":  # entries of tail components may be below its normal range
            assert true <= promised_error(dtype, rank=rank)


def test_decomposing_again_changes_nothing_but_rounding() -> None:
    """The decomposition of a decomposition has the same spectrum."""
    once = decompose(random_lora(), dtype="float32")

    twice = decompose(once.lora, dtype="float32")

    for name in SHAPES:
        assert np.allclose(twice.spectra[name].singular_values, once.spectra[name].singular_values, rtol=1e-5)


def test_signs_and_order_are_fixed() -> None:
    """The free signs are chosen so that each column of B has a positive largest entry, whatever the input's were."""
    lora = random_lora()
    flipped = {name: Factors(a=-factors.a, b=-factors.b) for name, factors in lora.modules.items()}

    one, other = decompose(lora, dtype="bfloat16"), decompose(replace(lora, modules=flipped), dtype="bfloat16")

    assert encode_tensors(one.lora) == encode_tensors(other.lora)
    for factors in one.lora.modules.values():
        assert np.all(factors.b[np.abs(factors.b).argmax(axis=0), range(4)] > 0)


def test_energy_rises_to_one() -> None:
    """Energy is the cumulated share of squared singular values."""
    spectrum = decompose(random_lora(), dtype="float32").spectra["model.layers.0.self_attn.q_proj"]

    assert np.all(np.diff(spectrum.energy) > 0)
    assert spectrum.energy[-1] == 1.0


def test_an_untrained_adapter_stays_zero() -> None:
    """B = 0 gives a zero spectrum, no error, and factors that are exactly zero."""
    modules = {"m": Factors(a=np.ones((2, 3), dtype=np.float32), b=np.zeros((4, 2), dtype=np.float32))}

    found = decompose(Lora(rank=2, alpha=4.0, modules=modules), dtype="float16")

    spectrum = found.spectra["m"]
    assert (spectrum.numeric_rank, spectrum.error, spectrum.energy.tolist()) == (0, 0.0, [1.0, 1.0])
    assert not found.lora.modules["m"].a.any()


def test_scale_is_folded_in() -> None:
    """The result has alpha equal to its rank, so that its scale is one; whatever the scale came from."""
    stabilized = replace(random_lora(alpha=32.0), is_stabilized=True)
    for lora in (random_lora(alpha=32.0), stabilized, mixed_lora(), replace(mixed_lora(), alphas={FIRST: 3.0})):
        found = decompose(lora, dtype="float32").lora
        for name in SHAPES:
            assert found.scale(name) == 1.0
            assert np.allclose(update(found, name), update(lora, name), atol=1e-5)


def test_magnitudes_are_not_touched() -> None:
    """Only the low-rank part is decomposed: the rows of the changed weight keep their norms to the bit."""
    dora = random_dora()

    found = decompose(dora, dtype="float32").lora

    assert found.kind == "dora"
    for name, factors in dora.modules.items():
        assert np.array_equal(found.modules[name].magnitude, factors.magnitude)
        assert np.allclose(update(found, name), update(dora, name), atol=1e-5)


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, out=st.integers(1, 40), width=st.integers(1, 40), rank=st.integers(1, 12))
def test_law_2_two_thin_qrs_decompose_what_a_dense_svd_does(seed: int, out: int, width: int, rank: int) -> None:
    """The same values, the same matrix, and vectors that are orthonormal."""
    rng = np.random.default_rng(seed)
    b, a = rng.standard_t(3, (out, rank)), rng.standard_t(3, (rank, width))
    dense = np.linalg.svd(b @ a, compute_uv=False)

    svd = product_svd(b, a)

    assert svd.rank == min(out, width, rank)
    np.testing.assert_allclose(svd.s, dense[: svd.rank], rtol=0, atol=1e-10 * dense[0])
    np.testing.assert_allclose((svd.u * svd.s) @ svd.vt, b @ a, rtol=0, atol=1e-12 * dense[0])
    for rows in (svd.u.T, svd.vt):
        np.testing.assert_allclose(rows @ rows.T, np.eye(svd.rank), atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, rank=st.integers(1, 8))
def test_law_4_no_matrix_of_that_rank_is_nearer_than_the_first_components(seed: int, rank: int) -> None:
    """Their squared error is that of the values left out (Eckart and Young)."""
    rng = np.random.default_rng(seed)
    b, a = rng.standard_t(3, (20, 8)), rng.standard_t(3, (8, 15))
    first = product_svd(b, a).first(rank)

    left = np.linalg.norm(b @ a - (first.u * first.s) @ first.vt) ** 2

    squares = np.linalg.svd(b @ a, compute_uv=False) ** 2
    assert left == pytest.approx(squares[rank:].sum(), rel=1e-9, abs=1e-12 * squares.sum())


def test_rounding_is_no_component() -> None:
    """Columns that depend on each other leave as many components as there are, and one of zeros leaves none."""
    rng = np.random.default_rng(1)
    b, a = rng.standard_normal((9, 2)), rng.standard_normal((3, 7))

    assert product_svd(b[:, [0, 1, 0]], a).rank == 2
    assert product_svd(b, a[[0, 0]]).rank == 1
    assert product_svd(np.zeros((9, 3)), a).rank == 0


@pytest.mark.parametrize("power", [0.3, 0.7, 1.2])
@pytest.mark.parametrize("seed", range(3))
def test_a_random_projection_is_within_a_hundredth_of_the_optimum(power: float, seed: int) -> None:
    """Of a dense matrix, with two powers, whether its values fall slowly or fast."""
    rng = np.random.default_rng(seed)
    left, right = (np.linalg.qr(rng.standard_normal((size, 150)))[0] for size in (200, 150))
    values = np.arange(1, 151) ** -power
    matrix = (left * values) @ right.T

    found = randomized_svd(matrix, rank=16, powers=2, seed=seed)

    error = np.linalg.norm(matrix - (found.u * found.s) @ found.vt)
    assert found.rank == 16
    assert error <= 1.01 * np.linalg.norm(values[16:])


def test_a_random_projection_is_the_same_each_time() -> None:
    """What is random has a seed."""
    matrix = np.random.default_rng(1).standard_normal((30, 20))

    one, other = randomized_svd(matrix, rank=5), randomized_svd(matrix, rank=5)

    assert all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("u", "s", "vt"))


def test_a_random_projection_finds_all_there_is() -> None:
    """Of a matrix of lower rank than was asked for it is exact."""
    rng = np.random.default_rng(1)
    b, a = rng.standard_normal((30, 3)), rng.standard_normal((3, 20))

    found = randomized_svd(b @ a, rank=8)

    assert found.rank == 3
    np.testing.assert_allclose((found.u * found.s) @ found.vt, b @ a, atol=1e-10)
