"""Whether an adapter belongs on a base model: every module there, every matrix of the right shape. No torch."""

from __future__ import annotations

from collections.abc import Mapping

from expertkit.adapters.lora import Lora
from expertkit.errors import CompatibilityError

_SHOWN = 5


def check_fit(lora: Lora, shapes: Mapping[str, tuple[int, int]], *, base: str) -> None:
    """Return if each module of the adapter is a linear layer of the base, and fits it.

    Args:
        lora: the adapter.
        shapes: module path to (out_features, in_features) of the base.
        base: its name, for messages.

    Raises:
        CompatibilityError: a module is missing there, or has another shape.
    """
    odd = [f"{name} {_shape(lora, name)}" for name in lora.modules if shapes.get(name) != _shape(lora, name)]
    if odd:
        more = f" and {len(odd) - _SHOWN} more" if len(odd) > _SHOWN else ""
        got = f"{', '.join(odd[:_SHOWN])}{more}"
        raise CompatibilityError(f"adapter for {base}: expected linear layers of the base with their shapes, got {got}")


def _shape(lora: Lora, name: str) -> tuple[int, int]:
    factors = lora.modules[name]
    return int(factors.b.shape[0]), int(factors.a.shape[1])
