"""What people write in YAML and JSON: declared once, as dataclass fields, and read with every problem at once.

A field's type says what it may hold: ``int``, ``float``, ``str``, ``bool``, ``Any``, ``Literal``, ``X | Y``,
``tuple[X, ...]``, ``Mapping[str, X]`` or another such dataclass; ``Annotated`` narrows it by ``Range``, ``Text``,
``Entries`` or ``Part``. A field without a default must be written. Reading files, and rules that
concern several fields, are the caller's.
"""

from __future__ import annotations

import json
import re
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from expertkit.errors import Problem, nearest

T = TypeVar("T")

UNREAD = types.MappingProxyType({"unread": True})
"""Metadata of a dataclass field that no file gives."""

_LARGEST_INT = 2**53 - 1  # what JSON readers everywhere, and RFC 8785, hold exactly
_LARGEST_FLOAT = 1.7e308
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file something stands, and the list that its problems go to."""

    file: str
    problems: list[Problem]
    path: str = ""
    """Dotted keys, with ``[n]`` for the n-th entry of a list, from 0."""
    comments: bool = False
    """Whether keys that start with an underscore are free text."""

    def at(self, key: str) -> Place:
        """The value of ``key`` in this one."""
        return self._moved(f"{self.path}.{key}" if self.path else key)

    def entry(self, index: int) -> Place:
        """An entry of this list."""
        return self._moved(f"{self.path}[{index}]")

    def wrong(self, expected: str, got: str, *, known: Iterable[str] = (), word: str | None = None) -> None:
        """Note a problem here; ``known`` are the words that ``word`` may have been meant to be."""
        guess = None if word is None else nearest(word, known)
        self.problems.append(
            Problem(file=self.file, place=self.path, expected=expected, got=got, nearest=guess),
        )

    def _moved(self, path: str) -> Place:
        return Place(self.file, self.problems, path, self.comments)


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
    """A mapping that gives some of a dataclass's fields; the others come from elsewhere."""

    kind: Any
    without: frozenset[str] = frozenset()
    """Fields that may not be given here."""
    also: Mapping[str, Any] = field(default_factory=dict)
    """Further keys, with their types."""

    def known(self) -> dict[str, Any]:
        """Every key that may be given, with its type."""
        own = {name: each for name, (each, _own) in declared(self.kind).items() if name not in self.without}
        return own | dict(self.also)


def read(kind: type[T], value: object, place: Place) -> T | None:
    """``value`` as a ``kind``, or None when problems were added to ``place.problems``."""
    result: T | None = read_any(kind, value, place)
    return result


def read_any(kind: Any, value: object, place: Place) -> Any:
    """``read`` for types that are no class."""
    before = len(place.problems)
    bare, rules = _bare(kind), _rules(kind)
    if not _has_shape(kind, value):
        words = [word for word in get_args(bare) if isinstance(word, str)] if get_origin(bare) is Literal else []
        place.wrong(describe(kind), show(value), known=words, word=value if isinstance(value, str) else None)
        return None
    result = read_part(rules[0], value, place) if _is_part(rules) else _read_shape(bare, value, place)
    if len(place.problems) > before:
        return None
    if not all(_is_part([rule]) or rule.accepts(result) for rule in rules):
        place.wrong(describe(kind), show(value))
        return None
    return result


def read_part(part: Part, value: object, place: Place) -> dict[str, Any]:
    """The fields that a mapping gives; None for each one that is wrong, which ``place.problems`` then tells."""
    if isinstance(value, dict):
        return _read_keys(part.known(), value, place)
    place.wrong("a mapping", show(value))
    return {}


def miss(kind: Any, given: Iterable[str], place: Place) -> None:
    """Note every field without a default that is not given, unless a given key seems to be that one misspelt."""
    known = declared(kind)
    absent = known.keys() - set(given)
    misspelt = {nearest(key, absent) for key in given if key not in known}
    for name, (type_, own) in known.items():
        needed = own.default is MISSING and own.default_factory is MISSING
        if needed and name in absent - misspelt:
            place.at(name).wrong(describe(type_), "nothing")


@cache
def declared(kind: Any) -> dict[str, tuple[Any, Field[Any]]]:
    """The fields of a dataclass that a file gives, by name, each with its type."""
    kinds = typing.get_type_hints(kind, include_extras=True)
    return {each.name: (kinds[each.name], each) for each in fields(kind) if each.metadata != UNREAD}


def describe(kind: Any) -> str:
    """What a field of this type expects, in words."""
    text = _describe_shape(_bare(kind))
    for rule in _rules(kind):
        text = text if isinstance(rule, Part) else rule.describe(text)
    return text


def show(value: object) -> str:
    """A value as its writer sees it, shortened."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _read_shape(kind: Any, value: Any, place: Place) -> Any:
    """A value whose outer shape is right."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        return read_any(next(member for member in arguments if _has_shape(member, value)), value, place)
    if origin is tuple:
        return tuple(read_any(arguments[0], entry, place.entry(index)) for index, entry in enumerate(value))
    if origin is Mapping:
        return {key: read_any(arguments[1], entry, place.at(key)) for key, entry in value.items()}
    if is_dataclass(kind):
        return _read_object(kind, value, place)
    return float(value) if kind is float else value


def _read_object(kind: Any, value: Mapping[str, Any], place: Place) -> Any:
    before = len(place.problems)
    given = _read_keys({name: type_ for name, (type_, _own) in declared(kind).items()}, value, place)
    miss(kind, value.keys(), place)
    return None if len(place.problems) > before else kind(**given)


def _read_keys(known: Mapping[str, Any], value: Mapping[str, Any], place: Place) -> dict[str, Any]:
    given = {key: entry for key, entry in value.items() if not (place.comments and key.startswith("_"))}
    for key in [key for key in given if key not in known]:
        place.at(key).wrong("a known key", show(key), known=known, word=key)
    return {name: read_any(kind, given[name], place.at(name)) for name, kind in known.items() if name in given}


def _has_shape(kind: Any, value: object) -> bool:
    """Whether a value is of the right sort, its contents apart."""
    bare = _bare(kind)
    origin, arguments = get_origin(bare), get_args(bare)
    if bare is Any:
        return True
    if origin in {Union, types.UnionType}:
        return any(_has_shape(member, value) for member in arguments)
    if origin is Literal:
        return any(value == word and type(value) is type(word) for word in arguments)
    if origin is tuple:
        return isinstance(value, list | tuple)
    return isinstance(value, dict) if origin is Mapping or is_dataclass(bare) else _is_plain(bare, value)


def _is_plain(kind: Any, value: object) -> bool:
    if kind is float and type(value) in {int, float}:
        return -_LARGEST_FLOAT <= typing.cast("float", value) <= _LARGEST_FLOAT
    if kind is int and type(value) is int:
        return -_LARGEST_INT <= value <= _LARGEST_INT
    return type(value) is kind


def _describe_shape(kind: Any) -> str:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        return " or ".join(describe(member) for member in arguments)
    if origin is Literal:
        words = [show(word) for word in arguments]
        return words[0] if len(words) == 1 else f"one of {', '.join(words)}"
    if origin is tuple:
        return f"a list ({describe(arguments[0])} each)"
    if origin is Mapping or is_dataclass(kind):
        return "a mapping"
    return _NOUNS[kind]


_NOUNS: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    str: "a text",
    bool: "true or false",
    types.NoneType: "null",
    Any: "a value",
}


def _bare(kind: Any) -> Any:
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _rules(kind: Any) -> list[Any]:
    return list(get_args(kind)[1:]) if get_origin(kind) is Annotated else []


def _is_part(rules: list[Any]) -> bool:
    return len(rules) == 1 and isinstance(rules[0], Part)
