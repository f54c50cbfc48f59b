"""What stands beside a type in ``Annotated``: part of a dataclass, what older files had, why some words are wrong."""

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
class Never:
    """Words that people try here, and why none of them will do; said where one is met."""

    words: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Formerly:
    """What older files have here instead."""

    kind: Any
