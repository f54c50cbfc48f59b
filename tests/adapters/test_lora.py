"""LoRA values: shapes agree, or they cannot be made."""

from __future__ import annotations

import numpy as np
import pytest

from expertkit.adapters import Factors, Lora
from tests.adapters.builders import matrix, random_lora


@pytest.mark.parametrize(
    ("a", "b"),
    [(matrix(2, 3), matrix(4, 3)), (matrix(2, 3).astype(float), matrix(4, 2)), (matrix(2, 3)[0], matrix(4, 2))],
    ids=["two ranks", "float64", "a vector"],
)
def test_factors_that_do_not_fit_cannot_be_made(a: np.ndarray, b: np.ndarray) -> None:
    """Wrong arrays are the caller's mistake."""
    with pytest.raises(ValueError, match="expected"):
        Factors(a=a, b=b)


def test_an_adapter_has_one_rank() -> None:
    """Modules of another rank, no module, or a rank out of range are refused."""
    factors = Factors(a=matrix(2, 3), b=matrix(4, 2))

    for rank, modules in ((3, {"m": factors}), (2, {}), (0, {"m": factors}), (5000, {"m": factors})):
        with pytest.raises(ValueError, match="rank"):
            Lora(rank=rank, alpha=1.0, modules=modules)


def test_scale_and_target_modules_follow_from_the_parts() -> None:
    """Scale is alpha over rank; target modules are the sorted last parts."""
    lora = random_lora(rank=4, alpha=8.0)

    assert lora.scale == 2.0
    assert lora.target_modules == ["down_proj", "q_proj"]
