"""One way to compress an adapter, and how far: what a person asks for, and what a search tries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from expertkit.osd.compression import Compressed, compress, fit
from expertkit.osd.settings import Settings
from expertkit.osd.source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Settings with the density that they name, or with a size to reach."""

    settings: Settings
    bits: float | None = None
    """Of the file, for each number of the source's factors."""
    budget: int | None = None
    """Bytes of the file."""

    @property
    def name(self) -> str:
        """What it is called in tables: ``f16 mag rank 16 density 0.2``, ``rdq rank 32 2 bits``."""
        said = self.settings
        worth = [] if (said.codec, said.score) == ("rdq", "fro") else [said.score]
        blend = [f"{said.space} alpha {said.alpha:g}"] if said.keeps_whole else []
        return " ".join([said.codec, *worth, f"rank {said.rank}", *blend, self._amount()])

    def _amount(self) -> str:
        if self.budget is not None:
            return f"{self.budget} bytes"
        return f"density {self.settings.density:g}" if self.bits is None else f"{self.bits:g} bits"

    def to_json(self) -> dict[str, Any]:
        """The point as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Point:
        """The point that ``to_json`` wrote."""
        return cls(**{**value, "settings": Settings(**value["settings"])})


def compress_to(found: Mapping[str, Source], point: Point, *, parameters: int) -> Compressed:
    """The adapter at a point.

    Args:
        found: what is compressed.
        point: how, and how far.
        parameters: numbers of the source's factors.

    Raises:
        PackagingError: no file is so small; says the smallest.
        ValueError: a score without its calibration, or rdq without a size.
    """
    budget = point.budget if point.bits is None else int(point.bits * parameters / 8)
    return compress(found, point.settings) if budget is None else fit(found, point.settings, budget=budget)
