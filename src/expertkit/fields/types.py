"""What a type becomes with one of these beside it in ``Annotated``: part of a dataclass, or what older files had."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Part:
    """A mapping that gives some of a dataclass's fields; the others come from elsewhere."""

    kind: Any
    without: frozenset[str] = frozenset()
    """Fields that may not be given here."""
    also: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Further keys, with their types."""


@dataclass(frozen=True, slots=True)
class Formerly:
    """What older files have here instead."""

    kind: Any
