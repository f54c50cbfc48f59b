"""IA3 adapters as values: a learnt factor for each output of a module, or for each input of a feed-forward one.

``y = l * (W x)``, and in feed-forward modules ``y = W (l * x)`` (Liu et al. 2022, arXiv 2205.05638). There is no rank
and nothing to decompose: an adapter is a few thousand numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from expertkit.adapters.dtypes import DType
from expertkit.adapters.lora import Array, leaves


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ia3:
    """An adapter: the factors of every module it changes."""

    modules: Mapping[str, Array]
    """Module path to (out_features, 1), or (1, in_features) for a feed-forward module."""
    feedforward_modules: tuple[str, ...] = ()
    """Sorted last parts of the paths of modules whose inputs are scaled."""
    dtype: DType = "float32"
    """How the values are stored."""

    def __post_init__(self) -> None:
        if not self.modules or not set(self.feedforward_modules) <= set(leaves(self.modules)):
            raise ValueError(f"expected feed-forward modules of its modules, got {', '.join(self.feedforward_modules)}")
        for name, values in self.modules.items():
            if values.ndim != 2 or values.shape[0 if self.is_feedforward(name) else 1] != 1:
                raise ValueError(f"{name}: expected one row or one column, got shape {values.shape}")

    @property
    def kind(self) -> Literal["ia3"]:
        """What it is called in manifests."""
        return "ia3"

    @property
    def target_modules(self) -> list[str]:
        """Sorted last parts of the module paths, as PEFT names them."""
        return leaves(self.modules)

    @property
    def parameters(self) -> int:
        """How many numbers are learnt."""
        return sum(values.size for values in self.modules.values())

    def is_feedforward(self, module: str) -> bool:
        """Whether it is the inputs of a module that are scaled."""
        return module.rpartition(".")[2] in self.feedforward_modules

    def fits(self, module: str, shape: tuple[int, int]) -> bool:
        """Whether a module of that shape (out_features, in_features) can have these factors."""
        out, width = shape
        return self.modules[module].shape == ((1, width) if self.is_feedforward(module) else (out, 1))
