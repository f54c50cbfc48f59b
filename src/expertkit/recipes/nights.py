"""What a night asks of the packages there are: the section ``nightly`` of params.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from expertkit.fields import Range
from expertkit.manifest.kinds import Positive


@dataclass(frozen=True, slots=True, kw_only=True)
class NightlyConfig:
    """How much is asked, and how sure a regression has to be."""

    items: Positive
    """Fresh items that each package and its base are asked."""
    alpha: Annotated[float, Range(above=0, high=0.1)]
    """Level of the two-sided test by which a package scores below what it was released with."""
