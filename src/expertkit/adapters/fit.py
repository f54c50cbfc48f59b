"""Whether an adapter belongs on a base model: every module there, every array of the right shape. No torch."""

from __future__ import annotations

from collections.abc import Mapping

from expertkit.adapters.peft import Adapter
from expertkit.adapters.soft_prompt import SoftPrompt
from expertkit.errors import CompatibilityError

_SHOWN = 5


def check_fit(adapter: Adapter, shapes: Mapping[str, tuple[int, int]], *, base: str) -> None:
    """Return if each module of the adapter is a linear layer of the base and fits it, or a soft prompt its embeddings.

    Args:
        adapter: what is to be put on the base.
        shapes: module path to (out_features, in_features) of the base.
        base: its name, for messages.

    Raises:
        CompatibilityError: a module is missing there, or has another shape.
    """
    if isinstance(adapter, SoftPrompt):
        _check_width(adapter, shapes, base=base)
        return
    fitting = {name for name, shape in shapes.items() if name in adapter.modules and adapter.fits(name, shape)}
    odd = [f"{name} {module.shape}" for name, module in adapter.modules.items() if name not in fitting]
    if odd:
        more = f" and {len(odd) - _SHOWN} more" if len(odd) > _SHOWN else ""
        got = f"{', '.join(odd[:_SHOWN])}{more}"
        raise CompatibilityError(f"adapter for {base}: expected linear layers of the base with their shapes, got {got}")


def hidden_size(shapes: Mapping[str, tuple[int, int]]) -> int:
    """Width of a base's hidden states: of the rows of its tallest matrix, be it the embeddings or an up-projection."""
    return max(shapes.values(), default=(0, 0))[1]


def _check_width(prompt: SoftPrompt, shapes: Mapping[str, tuple[int, int]], *, base: str) -> None:
    width, wanted = prompt.embeddings.shape[1], hidden_size(shapes)
    if width != wanted:
        raise CompatibilityError(f"adapter for {base}: expected a soft prompt {wanted} wide, got {width}")
