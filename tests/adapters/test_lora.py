"""LoRA values: shapes agree, or they cannot be made."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from expertkit.adapters import Factors, Lora
from tests.adapters.builders import SHAPES, matrix, mixed_lora, random_ia3, random_lora


@pytest.mark.parametrize(
    ("a", "b"),
    [(matrix(2, 3), matrix(4, 3)), (matrix(2, 3).astype(float), matrix(4, 2)), (matrix(2, 3)[0], matrix(4, 2))],
    ids=["two ranks", "float64", "a vector"],
)
def test_factors_that_do_not_fit_cannot_be_made(a: np.ndarray, b: np.ndarray) -> None:
    """Wrong arrays are the caller's mistake."""
    with pytest.raises(ValueError, match="expected"):
        Factors(a=a, b=b)


def test_an_adapter_has_modules_of_one_kind() -> None:
    """No module, a rank out of range, or magnitudes in some modules only are refused."""
    plain = Factors(a=matrix(2, 3), b=matrix(4, 2))
    normed = replace(plain, magnitude=np.ones(4, dtype=np.float32))

    for modules in ({}, {"m": plain, "n": normed}):
        with pytest.raises(ValueError, match="expected"):
            Lora(rank=2, alpha=1.0, modules=modules)
    for rank in (0, 5000):
        with pytest.raises(ValueError, match="rank"):
            Factors(a=matrix(rank, 3), b=matrix(4, rank))
    with pytest.raises(ValueError, match="magnitude"):
        replace(plain, magnitude=np.ones(3, dtype=np.float32))


def test_scale_and_target_modules_follow_from_the_parts() -> None:
    """Scale is alpha over rank, or over its root; a module may have its own of each."""
    lora = random_lora(rank=4, alpha=8.0)
    q, down = SHAPES

    assert [lora.scale(name) for name in (q, down)] == [2.0, 2.0]
    assert replace(lora, is_stabilized=True).scale(q) == 4.0
    assert replace(lora, alphas={q: 2.0}).scale(q) == 0.5
    assert mixed_lora(ranks=(4, 2), alpha=8.0).scale(down) == 4.0
    assert lora.target_modules == ["down_proj", "q_proj"]


def test_ia3_scales_outputs_or_inputs() -> None:
    """A column for the outputs of a module, a row for the inputs of a feed-forward one."""
    ia3 = random_ia3()
    q, down = SHAPES

    assert (ia3.kind, ia3.parameters, ia3.target_modules) == ("ia3", 8 + 12, ["down_proj", "q_proj"])
    assert ia3.fits(q, (8, 6))
    assert ia3.fits(down, (6, 12))
    assert not ia3.fits(down, (12, 6))
    for changed in ({"modules": {}}, {"feedforward_modules": ("up_proj",)}, {"feedforward_modules": ()}):
        with pytest.raises(ValueError, match="expected"):
            replace(ia3, **changed)
