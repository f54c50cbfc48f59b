"""Two adapters are the same when they change a base alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from expertkit.adapters import Adapter, Factors, Ia3, Lora, decompose, is_same
from tests.adapters.builders import ADAPTERS, random_lora

_LORA = random_lora(1)


@pytest.mark.parametrize("kind", ADAPTERS)
def test_an_adapter_is_itself(kind: str) -> None:
    """Of every kind; and none is one of another kind."""
    adapter = ADAPTERS[kind]

    assert is_same(adapter, adapter)
    assert [other for other, each in ADAPTERS.items() if each.kind != adapter.kind and is_same(adapter, each)] == []


def test_another_spelling_of_the_update_is_the_same() -> None:
    """A decomposition has other factors and another alpha; what was rounded to fewer bits is another adapter."""
    assert is_same(_LORA, decompose(_LORA, dtype="float32").lora)
    assert not is_same(_LORA, decompose(_LORA, dtype="bfloat16").lora)


def _changed(lora: Lora, factors: Factors) -> Lora:
    first = next(iter(lora.modules))
    return replace(lora, modules={**lora.modules, first: factors})


def _others() -> dict[str, Adapter]:
    first, factors = next(iter(_LORA.modules.items()))
    return {
        "scale": replace(_LORA, alpha=2 * _LORA.alpha),
        "numbers": random_lora(2),
        "one module less": replace(
            _LORA, modules={name: _LORA.modules[name] for name in _LORA.modules if name != first}
        ),
        "one module of nothing": _changed(_LORA, replace(factors, b=np.zeros_like(factors.b))),
    }


@pytest.mark.parametrize("what", _others())
def test_another_update_is_another_adapter(what: str) -> None:
    """Whatever it is that differs, both ways."""
    other = _others()[what]

    assert not is_same(_LORA, other)
    assert not is_same(other, _LORA)


def test_factors_and_magnitudes_are_compared() -> None:
    """What a decomposition leaves as it is must be equal to the last bit."""
    dora, ia3 = ADAPTERS["dora"], ADAPTERS["ia3"]
    assert isinstance(dora, Lora)
    assert isinstance(ia3, Ia3)
    first = next(iter(dora.modules.values()))
    assert first.magnitude is not None
    scaled = {name: np.float32(1.5) * values for name, values in ia3.modules.items()}

    assert not is_same(dora, _changed(dora, replace(first, magnitude=first.magnitude + 1)))
    assert not is_same(ia3, replace(ia3, modules=scaled))
