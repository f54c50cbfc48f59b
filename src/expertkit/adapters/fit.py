"""Whether an adapter belongs on a base model: every module there, every array of the right shape. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from expertkit.adapters.peft import Adapter, unfit
from expertkit.adapters.soft_prompt import SoftPrompt
from expertkit.adapters.tensors import Shape
from expertkit.errors import CompatibilityError

_SHOWN = 5


def check_fit(adapter: Adapter, shapes: Mapping[str, tuple[int, int]], *, base: str) -> None:
    """Return if each module of the adapter is a linear layer of the base and fits it; a soft prompt has none.

    Args:
        adapter: what is to be put on the base.
        shapes: module path to (out_features, in_features) of the base.
        base: its name, for messages.

    Raises:
        CompatibilityError: a module is missing there, or has another shape.
    """
    if isinstance(adapter, SoftPrompt):
        return
    fitting = {name for name, shape in shapes.items() if name in adapter.modules and adapter.fits(name, shape)}
    odd = [f"{name} {module.shape}" for name, module in adapter.modules.items() if name not in fitting]
    _refuse(odd, base=base)


def check_part(
    tensors: Mapping[str, Shape], shapes: Mapping[str, tuple[int, int]], *, base: str
) -> None:  # fmt: skip
    """Return if each tensor of an adapter, or of a part of one, belongs on a module of the base.

    Args:
        tensors: their shapes by peft's names.
        shapes: module path to (out_features, in_features) of the base.
        base: its name, for messages.

    Raises:
        CompatibilityError: a module is missing there, or has another shape.
    """
    _refuse(unfit(tensors, shapes), base=base)


def _refuse(odd: Sequence[str], *, base: str) -> None:
    if odd:
        more = f" and {len(odd) - _SHOWN} more" if len(odd) > _SHOWN else ""
        got = f"{', '.join(odd[:_SHOWN])}{more}"
        raise CompatibilityError(f"adapter for {base}: expected linear layers of the base with their shapes, got {got}")
