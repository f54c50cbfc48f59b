"""What baselines compress: an adapter as it was trained, and the components of its updates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from expertkit.adapters.lora import Lora
from expertkit.adapters.svd import Array64, wide
from expertkit.osd.error import squared_distance
from expertkit.osd.source import Source, sources, total_energy


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pair:
    """Two sides whose rows belong together: the update of a module is ``left.T @ right``."""

    left: Array64
    """(k, out)"""
    right: Array64
    """(k, in)"""

    @property
    def rank(self) -> int:
        """Number of rows."""
        return len(self.left)

    @property
    def sides(self) -> tuple[Array64, Array64]:
        """Both, the left one first."""
        return self.left, self.right


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Original:
    """An adapter before it is compressed."""

    lora: Lora
    sources: Mapping[str, Source]
    """The components of every module, sorted by path."""

    @classmethod
    def of(cls, lora: Lora) -> Original:
        """An adapter with its components.

        Raises:
            FormatError: a number is not finite.
        """
        return cls(lora=lora, sources=sources(lora))

    @property
    def rank(self) -> int:
        """Components of the module that has most."""
        return max(source.svd.rank for source in self.sources.values())

    def raw(self) -> dict[str, Pair]:
        """Every module as it was trained, the scale in B."""
        found = {}
        for name in self.sources:
            b, a = wide(self.lora.modules[name], scale=self.lora.scale(name))
            found[name] = Pair(left=b.T, right=a)
        return found

    def components(self, ranks: int | Mapping[str, int]) -> dict[str, Pair]:
        """The largest components of every module, the root of the singular value in each side.

        Args:
            ranks: how many, of every module or by its path; where there are fewer, all.
        """
        found = {}
        for name, source in self.sources.items():
            svd = source.svd.first(ranks if isinstance(ranks, int) else ranks[name])
            root = np.sqrt(svd.s)[:, None]
            found[name] = Pair(left=root * svd.u.T, right=root * svd.vt)
        return found

    def error(self, lora: Lora) -> float:
        """Frobenius distance of an adapter's updates from these, as a share of their norm; 0 of zeros."""
        total = total_energy(self.sources)
        squares = 0.0
        for name, source in self.sources.items():
            b, a = wide(lora.modules[name], scale=lora.scale(name))
            squares += squared_distance(source.svd, b.T, np.ones(len(a)), a)
        return float(np.sqrt(squares / total)) if total else 0.0
