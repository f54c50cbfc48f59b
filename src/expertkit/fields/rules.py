"""What narrows a type: put beside it in ``Annotated``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from expertkit.fields.place import Place, show


class Rule(Protocol):
    """A condition on a value of the right type."""

    @property
    def is_firm(self) -> bool:
        """Whether older files have to meet it as well."""

    def accepts(self, value: Any) -> bool:
        """Whether the value meets it."""

    def describe(self, noun: str) -> str:
        """What is expected, in words; ``noun`` says it for the type alone."""

    def schema(self) -> dict[str, Any]:
        """The same in JSON Schema, beside the type's own."""


@dataclass(frozen=True, slots=True)
class Range:
    """A number's bounds, both inclusive; ``above`` is one that is not."""

    low: float | None = None
    high: float | None = None
    above: float | None = None

    @property
    def is_firm(self) -> bool:
        """A number out of bounds has never meant anything."""
        return True

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

    def schema(self) -> dict[str, Any]:
        """The bounds."""
        bounds = {"minimum": self.low, "maximum": self.high, "exclusiveMinimum": self.above}
        return {word: bound for word, bound in bounds.items() if bound is not None}


@dataclass(frozen=True, slots=True)
class Text:
    """The form of a text: a pattern for the whole of it, and what that means in words."""

    pattern: str
    r"""A regular expression that Python and ECMA-262 read alike: without ``\d``, ``\s`` and ``\w``, which differ."""
    meaning: str
    is_firm: bool = False

    def accepts(self, value: str) -> bool:
        """Whether the whole text has the form."""
        return re.fullmatch(self.pattern, value, re.ASCII) is not None

    def describe(self, _noun: str) -> str:
        """What is expected, in words."""
        return self.meaning

    def schema(self) -> dict[str, Any]:
        """The pattern, for the whole text."""
        return {"pattern": f"^(?:{self.pattern})$"}


@dataclass(frozen=True, slots=True)
class Entries:
    """How many entries a list has at least, all of them different."""

    low: int = 0
    key: str | None = None
    """The field of each entry that must differ; None for the entry itself."""

    @property
    def is_firm(self) -> bool:
        """An empty list, or the same twice, has never meant anything."""
        return True

    def accepts(self, value: tuple[Any, ...]) -> bool:
        """Whether there are enough, and none twice."""
        keys = [getattr(entry, self.key, entry) if self.key else entry for entry in value]
        return len(keys) >= self.low and len(set(map(repr, keys))) == len(keys)

    def describe(self, noun: str) -> str:
        """The noun with its count."""
        differing = f", no two with the same {self.key}" if self.key else ", no two alike"
        return f"{noun}{differing}" + (f", at least {self.low}" if self.low else "")

    def schema(self) -> dict[str, Any]:
        """How many; JSON Schema cannot say that one field differs, and says that the entries do."""
        return {"minItems": self.low, "uniqueItems": True} if self.low else {"uniqueItems": True}


_NULL = {"type": "null"}
_SAID = {"not": _NULL}
"""JSON Schema of a value that says something."""


@dataclass(frozen=True, slots=True)
class When:
    """A condition on a whole object: where ``key`` has one of the ``words``, other keys are needed or forbidden."""

    key: str
    words: tuple[str, ...]
    needs: tuple[str, ...] = ()
    forbids: tuple[str, ...] = ()

    def check(self, given: Mapping[str, Any], place: Place) -> None:
        """Note the keys that are missing or too many."""
        if given.get(self.key) not in self.words:
            return
        why = f"{self.key} {show(given[self.key])}"
        for key in self.needs:
            if given.get(key) is None:
                place.at(key).wrong(f"a value with {why}", "nothing")
        for key in self.forbids:
            if given.get(key) is not None:
                place.at(key).wrong(f"nothing with {why}", show(given[key]))

    def schema(self) -> dict[str, Any]:
        """The same in JSON Schema."""
        condition = {"properties": {self.key: {"enum": list(self.words)}}, "required": [self.key]}
        said = {**dict.fromkeys(self.needs, _SAID), **dict.fromkeys(self.forbids, _NULL)}
        return {"if": condition, "then": {"required": list(self.needs), "properties": said}}


@dataclass(frozen=True, slots=True)
class NotBoth:
    """A condition on a whole object: two keys that say the same thing in different ways."""

    first: str
    second: str

    def check(self, given: Mapping[str, Any], place: Place) -> None:
        """Note that both are there."""
        if given.get(self.first) is not None and given.get(self.second) is not None:
            place.at(self.second).wrong(f"either {self.first} or {self.second}", "both")

    def schema(self) -> dict[str, Any]:
        """The same in JSON Schema."""
        both = [self.first, self.second]
        return {"not": {"required": both, "properties": dict.fromkeys(both, _SAID)}}


@dataclass(frozen=True, slots=True)
class OneOf:
    """A condition on a whole object: exactly one of two keys that say the same thing in different ways."""

    first: str
    second: str

    def check(self, given: Mapping[str, Any], place: Place) -> None:
        """Note that both are there, or none."""
        said = [given.get(key) is not None for key in (self.first, self.second)]
        if said[0] is said[1]:
            place.at(self.second).wrong(f"either {self.first} or {self.second}", "both" if said[0] else "none")

    def schema(self) -> dict[str, Any]:
        """The same in JSON Schema."""
        return {"oneOf": [{"required": [key], "properties": {key: _SAID}} for key in (self.first, self.second)]}


ObjectRule = When | NotBoth | OneOf
