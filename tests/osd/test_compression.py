"""Laws of compressed adapters: what is exact, what commutes, what is optimal, and that a budget is kept."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from expertkit.adapters import Factors, Lora
from expertkit.errors import FormatError, PackagingError
from expertkit.osd import Module, Osd, Settings, compress, decode, encode, fit, relative_error, sources
from expertkit.osd.settings import CODECS, Codec
from tests.osd.builders import SHAPES, WAYS, compressed, heavy_lora, heavy_sources, is_same, updates

SEEDS = st.integers(0, 1 << 32)
FREE = ("fro", "mag")
LARGER = {
    f"layers.{at}.{name}": shape for at in range(3) for name, shape in (("q_proj", (64, 48)), ("o_proj", (48, 64)))
}
WHOLE_ERROR: dict[Codec, float] = {"f32": 1e-6, "f16": 1e-3, "int8": 0.02}
"""The most that is lost where everything is kept."""


def masked(
    lora: Lora, *, codec: Codec = "f32", density: float = 0.4, score: str = "fro"
) -> dict[str, NDArray[np.float32]]:
    """The updates of an adapter once it is compressed."""
    way = Settings(rank=8, codec=codec, density=density, score=score)  # type: ignore[arg-type]
    return dict(compress(sources(lora), way).osd.updates())


@pytest.mark.parametrize("codec", WHOLE_ERROR)
@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, rank=st.integers(1, 6))
def test_law_1_at_full_rank_and_density_an_update_is_exact(codec: Codec, seed: int, rank: int) -> None:
    """But for rounding to the codec."""
    found = heavy_sources(seed, rank=rank)

    small = compress(found, Settings(rank=rank, codec=codec))

    assert small.error <= WHOLE_ERROR[codec]


@pytest.mark.parametrize("score", FREE)
@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, scale=st.floats(1e-6, 1e6))
def test_law_3_a_scaled_update_is_compressed_to_the_scaled_one(score: str, seed: int, scale: float) -> None:
    """OSD(c D) = c OSD(D), up to rounding."""
    lora = heavy_lora(seed)

    one, other = masked(lora, score=score), masked(replace(lora, alpha=lora.alpha * scale), score=score)

    for name, update in one.items():
        np.testing.assert_allclose(
            other[name], scale * update, rtol=0, atol=1e-5 * scale * np.abs(update).max(initial=0)
        )


@pytest.mark.parametrize("score", FREE)
@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
def test_law_3_a_transposed_update_is_compressed_to_the_transposed_one(score: str, seed: int) -> None:
    """OSD(D^T) = OSD(D)^T."""
    lora = heavy_lora(seed)
    turned = {name: Factors(a=each.b.T.copy(), b=each.a.T.copy()) for name, each in lora.modules.items()}

    one, other = masked(lora, score=score), masked(replace(lora, modules=turned), score=score)

    for name, update in one.items():
        np.testing.assert_allclose(other[name].T, update, rtol=0, atol=1e-5 * np.abs(update).max(initial=0))


@pytest.mark.parametrize("score", FREE)
@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
def test_law_3_factors_of_one_update_are_compressed_to_one(score: str, seed: int) -> None:
    """(B X, X^-1 A) is the same update as (B, A): only the update counts."""
    lora = heavy_lora(seed)
    turn = np.linalg.qr(np.random.default_rng(seed).standard_normal((3, 3)))[0] * np.array([4.0, 1, 0.5])
    turned = {
        name: Factors(a=np.linalg.solve(turn, each.a).astype(np.float32), b=(each.b @ turn).astype(np.float32))
        for name, each in lora.modules.items()
    }

    one, other = masked(lora, score=score), masked(replace(lora, modules=turned), score=score)

    for name, update in one.items():
        np.testing.assert_allclose(other[name], update, rtol=0, atol=1e-4 * np.abs(update).max(initial=0))


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, rank=st.integers(1, 5))
def test_law_4_no_update_of_that_rank_is_nearer(seed: int, rank: int) -> None:
    """Where all entries are kept (Eckart and Young): neither a random one, nor one nearby."""
    shapes = {"m": (9, 7)}
    found, rng = heavy_sources(seed, rank=6, shapes=shapes), np.random.default_rng(seed)
    module = compress(found, Settings(rank=rank, codec="f32")).osd.modules["m"]
    wanted = updates(found)["m"]
    least = np.linalg.norm(wanted - module.update(1.0))

    for size in (1e-3, 0.1, 10.0):
        u = module.u * module.s[:, None] + size * rng.standard_normal(module.u.shape)
        v = module.v + size * rng.standard_normal(module.v.shape)
        assert least <= np.linalg.norm(wanted - u.T @ v) * (1 + 1e-6)


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
def test_law_4_truncation_loses_the_energy_of_what_it_leaves_out(seed: int) -> None:
    """The squared error is 1 - E_k, which never rises with k."""
    found = heavy_sources(seed, rank=5, shapes={"m": (9, 7)})
    squares = found["m"].svd.s ** 2

    errors = [compress(found, Settings(rank=rank, codec="f32")).error for rank in range(1, 6)]

    left = [squares[rank:].sum() / squares.sum() for rank in range(1, 6)]
    assert np.square(errors) == pytest.approx(left, rel=1e-4, abs=1e-12)
    assert errors == sorted(errors, reverse=True)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("share", [0.08, 0.2, 0.45])
def test_law_9_a_file_is_as_large_as_its_budget(codec: Codec, share: float) -> None:
    """And never larger: the file itself is measured."""
    found = heavy_sources(1, rank=8, shapes=LARGER)
    budget = int(share * 2 * sum(source.svd.u.size + source.svd.vt.size for source in found.values()))

    small = fit(found, Settings(rank=8, codec=codec), budget=budget)

    assert 0.97 * budget <= len(small.data) <= budget
    assert relative_error(decode(small.data), found) == pytest.approx(small.error)


@pytest.mark.parametrize("codec", CODECS)
def test_more_bytes_than_there_is_use_for_are_not_taken(codec: Codec) -> None:
    """Everything is kept, or rounded as finely as can be."""
    found = heavy_sources(1)

    small = fit(found, Settings(rank=3, codec=codec), budget=100_000)

    assert small.error <= {**WHOLE_ERROR, "rdq": 1e-3}[codec]
    assert len(small.data) < 2000


@pytest.mark.parametrize("codec", CODECS)
def test_a_budget_that_no_file_keeps_is_refused(codec: Codec) -> None:
    """With the smallest one that a file does keep."""
    found = heavy_sources(1)

    with pytest.raises(PackagingError, match="expected a budget of at least") as refusal:
        fit(found, Settings(rank=3, codec=codec), budget=50)

    smallest = int(str(refusal.value).split("at least ")[1].split()[0])
    assert len(fit(found, Settings(rank=3, codec=codec), budget=smallest).data) <= smallest


def test_rdq_leaves_less_error_than_masks_of_as_many_bytes() -> None:
    """Whatever number is a multiple of a step is worth its bits more than one in float16."""
    found = heavy_sources(1, rank=8, shapes=LARGER)

    errors = [fit(found, Settings(rank=8, codec=codec), budget=6000).error for codec in ("rdq", "int8", "f16")]

    assert errors == sorted(errors)


@pytest.mark.parametrize("way", WAYS)
def test_law_9_what_is_written_is_read(way: str) -> None:
    """To the bit, in every codec, form and space; and it is written the same again."""
    osd, data = compressed(way)

    found = decode(data)

    assert is_same(found, osd)
    assert encode(found) == data


@pytest.mark.parametrize("density", [0.0, 0.001, 0.4, 1.0])
@pytest.mark.parametrize("codec", WHOLE_ERROR)
@pytest.mark.parametrize("space", ["factor", "delta"])
@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
def test_every_density_can_be_written(density: float, codec: Codec, space: str, alpha: float) -> None:
    """From nothing at all to everything."""
    way = Settings(rank=3, codec=codec, density=density, space=space, alpha=alpha)  # type: ignore[arg-type]

    small = compress(heavy_sources(2), way)

    assert is_same(decode(small.data), small.osd)


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=8, deadline=None)
@given(seed=SEEDS)
@example(seed=199)
def test_law_9_any_adapter_is_read_as_it_was_written(way: str, seed: int) -> None:
    """Also where rounding sends some of what was kept to zero."""
    osd, data = compressed(way, seed=seed, budget=450)

    assert is_same(decode(data), osd)


def test_what_is_rounded_to_zero_is_not_kept() -> None:
    """Many numbers of a group of int8 are below half of its step: the others are rounded without them."""
    found = heavy_sources(1, rank=8, shapes={"m": (200, 100)})

    small = compress(found, Settings(rank=8, codec="int8", score="mag"))

    assert 0.3 < np.count_nonzero(small.osd.modules["m"].u) / 1600 < 1
    assert is_same(decode(small.data), small.osd)


@pytest.mark.parametrize("way", WAYS)
def test_law_10_an_empty_mask_or_an_update_of_zeros_changes_nothing(way: str) -> None:
    """Nothing is kept of either, and both can be written; only a blend has its other part."""
    lora = heavy_lora(1)
    zeros = {name: Factors(a=each.a, b=np.zeros_like(each.b)) for name, each in lora.modules.items()}
    cases = [(sources(replace(lora, modules=zeros)), WAYS[way])]
    if WAYS[way].codec != "rdq":
        cases.append((sources(lora), replace(WAYS[way], density=0.0, alpha=1.0)))

    for found, settings_ in cases:
        small = fit(found, settings_, budget=300) if way == "rdq" else compress(found, settings_)
        assert all(not update.any() for _name, update in decode(small.data).updates())


@pytest.mark.parametrize("way", WAYS)
def test_law_10_a_rank_that_is_lower_than_it_seems_is_the_rank(way: str) -> None:
    """Two columns that are one, in B or in A, are one component."""
    lora = heavy_lora(1)
    first, second = SHAPES
    b, a = lora.modules[first].b.copy(), lora.modules[second].a.copy()
    b[:, 1], a[1] = b[:, 0], a[0]
    modules = {first: replace(lora.modules[first], b=b), second: replace(lora.modules[second], a=a)}
    found = sources(replace(lora, modules=modules))

    small = fit(found, WAYS[way], budget=500) if way == "rdq" else compress(found, replace(WAYS[way], density=1.0))

    assert [source.svd.rank for source in found.values()] == [2, 2]
    assert max(module.rank for module in small.osd.modules.values()) == 2
    assert small.error < 0.05


@pytest.mark.parametrize("way", WAYS)
def test_law_10_one_component_is_enough(way: str) -> None:
    """A source of rank 1."""
    found = heavy_sources(1, rank=1)

    small = fit(found, WAYS[way], budget=400) if way == "rdq" else compress(found, replace(WAYS[way], density=1.0))

    assert small.error < 0.02


@pytest.mark.parametrize("codec", WHOLE_ERROR)
def test_law_10_equal_singular_values_are_no_harm(codec: Codec) -> None:
    """Which vectors they have is chance, but their sum is not."""
    eye = np.eye(6, dtype=np.float32)
    found = sources(Lora(modules={"m": Factors(a=eye, b=eye)}, rank=6, alpha=6.0))

    small = compress(found, Settings(rank=6, codec=codec))

    np.testing.assert_allclose(small.osd.modules["m"].update(1.0), eye, atol=1e-3)


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("side", ["a", "b"])
def test_law_10_numbers_that_are_not_finite_are_refused(odd: float, side: str) -> None:
    """With the module that has them."""
    lora = heavy_lora(1)
    name = next(iter(lora.modules))
    getattr(lora.modules[name], side)[0, 0] = odd

    with pytest.raises(FormatError, match=f"{name}: expected finite numbers"):
        sources(lora)


@pytest.mark.parametrize("way", [way for way in WAYS if "delta" not in way])
def test_magnitudes_stay_as_they_are(way: str) -> None:
    """However much of the rest of a DoRA is gone."""
    lora = heavy_lora(1, has_magnitudes=True)
    osd, data = compressed(way, has_magnitudes=True, budget=650)

    found = decode(data).to_lora()

    assert all(np.array_equal(factors.magnitude, lora.modules[name].magnitude)
               for name, factors in found.modules.items())  # fmt: skip
    assert is_same(decode(data), osd)


_PRINT = "from tests.osd.test_compression import digests; print(digests())"


def digests() -> list[str]:
    """What every way gives."""
    from expertkit.files import sha256_bytes

    return [sha256_bytes(compressed(way)[1]) for way in WAYS]


def test_law_14_the_same_input_gives_the_same_bytes() -> None:
    """In this process, and in another one with other hashes and another number of threads."""
    environment = {**os.environ, "PYTHONHASHSEED": "7", "OPENBLAS_NUM_THREADS": "1"}

    other = subprocess.run([sys.executable, "-c", _PRINT], env=environment, capture_output=True, text=True, check=True)

    assert other.stdout.strip() == str(digests())


def test_rdq_is_fitted_to_a_size_not_to_a_density() -> None:
    """What density comes of a step is seen afterwards."""
    with pytest.raises(ValueError, match="expected a budget of bytes"):
        compress(heavy_sources(1), Settings(rank=3, codec="rdq"))


def test_more_than_a_reader_believes_is_not_written() -> None:
    """A file has a byte for every 200 of its arrays; otherwise small files would take all memory."""
    u = np.zeros((1, 5_000_000), np.float32)
    u[0, 0] = 1
    module = Module(u=u, s=np.ones(1, np.float32), v=np.ones((1, 4), np.float32))

    with pytest.raises(PackagingError, match="bytes of arrays") as refusal:
        encode(Osd(modules={"m": module}, settings=Settings(rank=1)))

    assert refusal.value.hint is not None
