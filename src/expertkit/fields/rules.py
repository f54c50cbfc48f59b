"""What narrows a type: put beside it in ``Annotated``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


class Rule(Protocol):
    """A condition on a value of the right type."""

    def accepts(self, value: Any) -> bool:
        """Whether the value meets it."""

    def describe(self, noun: str) -> str:
        """What is expected, in words; ``noun`` says it for the type alone."""


@dataclass(frozen=True, slots=True)
class Range:
    """A number's bounds, both inclusive; ``above`` is one that is not."""

    low: float | None = None
    high: float | None = None
    above: float | None = None

    def accepts(self, value: float) -> bool:
        """Whether the number lies inside."""
        high_enough = (self.low is None or value >= self.low) and (self.above is None or value > self.above)
        return high_enough and (self.high is None or value <= self.high)

    def describe(self, noun: str) -> str:
        """The noun with its bounds."""
        if self.low is not None and self.high is not None:
            return f"{noun} in {self.low}..{self.high}"
        bounds = [("at least", self.low), ("above", self.above), ("at most", self.high)]
        return f"{noun}, " + " and ".join(f"{words} {bound}" for words, bound in bounds if bound is not None)


@dataclass(frozen=True, slots=True)
class Text:
    """The form of a text: a pattern for the whole of it, and what that means in words."""

    pattern: str
    meaning: str

    def accepts(self, value: str) -> bool:
        """Whether the whole text has the form."""
        return re.fullmatch(self.pattern, value, re.ASCII) is not None

    def describe(self, _noun: str) -> str:
        """What is expected, in words."""
        return self.meaning


@dataclass(frozen=True, slots=True)
class Entries:
    """How many entries a list has at least, all of them different."""

    low: int = 0
    key: str | None = None
    """The field of each entry that must differ; None for the entry itself."""

    def accepts(self, value: tuple[Any, ...]) -> bool:
        """Whether there are enough, and none twice."""
        keys = [getattr(entry, self.key, entry) if self.key else entry for entry in value]
        return len(keys) >= self.low and len(set(map(repr, keys))) == len(keys)

    def describe(self, noun: str) -> str:
        """The noun with its count."""
        differing = f", no two with the same {self.key}" if self.key else ", no two alike"
        return f"{noun}{differing}" + (f", at least {self.low}" if self.low else "")


@dataclass(frozen=True, slots=True)
class Part:
    """No rule, but a type: a mapping that gives some of a dataclass's fields; the others come from elsewhere."""

    kind: Any
    without: frozenset[str] = frozenset()
    """Fields that may not be given here."""
    also: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Further keys, with their types."""
