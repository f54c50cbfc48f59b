"""An adapter's update is what its masks and its alpha make of its components, as a matrix and as factors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from expertkit.errors import FormatError
from expertkit.osd import Module, Osd, Settings

_OUT, _WIDTH, _RANK = 7, 5, 3
SPACES = ["factor", "delta"]


def module(space: str | None, *, seed: int = 1, magnitude: bool = False) -> Module:
    """Random components, with random masks of a space, or with none."""
    rng = np.random.default_rng(seed)
    u, v = (rng.standard_normal((_RANK, width)).astype(np.float32) for width in (_OUT, _WIDTH))
    of_factors = rng.random(u.shape) < 0.5, rng.random(v.shape) < 0.5
    of_update = rng.random((_OUT, _WIDTH)) < 0.5
    norms = (1 + rng.random(_OUT)).astype(np.float32) if magnitude else None
    return Module(
        u=u, s=np.array([3, -2, 0.5], np.float32), v=v, masks=of_factors if space == "factor" else None,
        mask=of_update if space == "delta" else None, magnitude=norms,
    )  # fmt: skip


def dense(found: Module, alpha: float) -> NDArray[np.float64]:
    """(1 - alpha) D + alpha D', as it is defined, in float64."""
    u, s, v = (each.astype(np.float64) for each in (found.u, found.s, found.v))
    whole = (u.T * s) @ v
    part = whole if found.mask is None else whole * found.mask
    if found.masks is not None:
        part = ((u * found.masks[0]).T * s) @ (v * found.masks[1])
    return (1 - alpha) * whole + alpha * part


@pytest.mark.parametrize("alpha", [0.0, 0.25, 1.0])
@pytest.mark.parametrize("space", [None, *SPACES])
def test_law_6_an_update_is_its_definition(space: str | None, alpha: float) -> None:
    """Whatever is masked, and however much of it counts."""
    found = module(space)

    np.testing.assert_allclose(found.update(alpha), dense(found, alpha), atol=1e-5)


@pytest.mark.parametrize("space", SPACES)
def test_law_6_the_distance_from_the_whole_is_alpha_times_that_of_the_part(space: str) -> None:
    """|D - D_alpha| = alpha |D - D'|, D_0 = D and D_1 = D': a blend lies on the way from one to the other."""
    found = module(space)
    whole, part = found.update(0), found.update(1)

    np.testing.assert_allclose(whole, dense(found, 0), atol=1e-5)
    np.testing.assert_allclose(part, dense(found, 1), atol=1e-5)
    for alpha in (0.1, 0.5, 0.9):
        blend = found.update(alpha)
        distances = np.linalg.norm(whole - blend), alpha * np.linalg.norm(whole - part)
        np.testing.assert_allclose(distances[0], distances[1], rtol=1e-5)
        np.testing.assert_allclose(blend, (1 - alpha) * whole + alpha * part, atol=1e-5)


@pytest.mark.parametrize(("space", "alpha", "rank"), [(None, 1.0, _RANK), ("factor", 0.25, 2 * _RANK)])
def test_factors_give_the_same_update(space: str | None, alpha: float, rank: int) -> None:
    """Of scale 1, negative components included, with the norms of rows as they are."""
    found = module(space, magnitude=True)

    factors = found.factors(alpha)

    assert (factors.rank, factors.shape) == (rank, found.shape)
    np.testing.assert_allclose(factors.b @ factors.a, dense(found, alpha), atol=1e-5)
    assert factors.magnitude is found.magnitude


def test_a_mask_of_the_update_is_no_lora() -> None:
    """It has no low rank: the error says what to do instead."""
    masked = module("delta")
    osd = Osd(modules={"a": masked}, settings=Settings(rank=_RANK, space="delta"))

    with pytest.raises(FormatError, match="expected a mask of factors") as refusal:
        osd.to_lora()

    assert refusal.value.hint is not None


def test_modules_of_several_ranks_have_scale_one() -> None:
    """The rank of an adapter is that of its largest module; the others have an alpha of their own."""
    small = module(None)
    small = replace(small, u=small.u[:1], s=small.s[:1], v=small.v[:1])
    osd = Osd(modules={"a": module(None), "b": small}, settings=Settings(rank=_RANK))

    lora = osd.to_lora()

    assert (lora.rank, [lora.scale(name) for name in "ab"]) == (_RANK, [1.0, 1.0])
    for name, update in osd.updates():
        np.testing.assert_allclose(lora.modules[name].b @ lora.modules[name].a, update, atol=1e-5)


def test_a_module_of_which_nothing_is_kept_changes_nothing() -> None:
    """It has no component, and as a LoRA one of zeros."""
    empty = Module(u=np.zeros((0, _OUT), np.float32), s=np.zeros(0, np.float32), v=np.zeros((0, _WIDTH), np.float32))

    factors = empty.factors(1.0)

    assert (empty.rank, factors.rank) == (0, 1)
    assert not (factors.b @ factors.a).any()
    assert not empty.update(1.0).any()
