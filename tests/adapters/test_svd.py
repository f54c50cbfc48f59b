"""Laws of the exact decomposition."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expertkit.adapters import Factors, Lora, decompose, encode_tensors
from expertkit.adapters.dtypes import DTYPES, DType
from expertkit.adapters.svd import promised_error
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
