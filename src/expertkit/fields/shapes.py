"""Types made into shapes, once each: what a value may be, how it is read, and what that is called."""

from __future__ import annotations

import math
import sys
import types
import typing
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from functools import cache
from typing import Annotated, Any, Literal, Protocol, Union, get_args, get_origin

from expertkit.fields.declarations import NEEDED, declared, extras_of, fields_of, is_needed, known, rules_of
from expertkit.fields.place import Place, show
from expertkit.fields.rules import Rule
from expertkit.fields.types import Formerly, Never, Part

LARGEST_INT = 2**53 - 1
"""What JSON readers everywhere, and RFC 8785, hold exactly."""
_LARGEST_FLOAT = sys.float_info.max


class Shape(Protocol):
    """What a type says about a value."""

    def fits(self, value: object) -> bool:
        """Whether a value is of the right sort, its contents apart."""

    def resembles(self, _value: object, /) -> bool:
        """Whether a value that does not fit is found in older files."""
        return False

    def read(self, value: Any, place: Place) -> Any:
        """A value that fits, in its declared type; None when it was wrong inside, which ``place.problems`` tells."""

    def describe(self) -> str:
        """What is expected, in words."""


def read_shape(shape: Shape, value: object, place: Place) -> Any:
    """Any value as the shape says, or None when problems were added to ``place.problems``."""
    if shape.fits(value):
        return shape.read(value, place)
    word, known = (value, _words(shape)) if isinstance(value, str) else (None, ())
    if not shape.resembles(value):
        excess = ", which is too large" if _exceeds(value, shape) else ""
        place.wrong(shape.describe(), f"{show(value)}{excess}", known=known, word=word)
    elif place.deviates(shape.describe(), f"{show(value)}{_why(shape, value)}", known=known, word=word):
        return value
    return None


def _words(shape: Shape) -> Sequence[str]:
    """The words that a text may have been meant to be."""
    if isinstance(shape, Either):
        return [word for member in shape.members for word in _words(member)]
    return [word for word in shape.words if isinstance(word, str)] if isinstance(shape, Choice) else ()


def _why(shape: Shape, value: object) -> str:
    """Why a word that people try will not do."""
    words, why = (shape.never.words, shape.never.why) if isinstance(shape, Choice) and shape.never else ((), "")
    return f", {why}" if value in words else ""


def _exceeds(value: object, shape: Shape) -> bool:
    """Whether a number is of the right sort, and only larger than readers hold exactly or at all."""
    if isinstance(shape, Either):
        return any(_exceeds(value, member) for member in shape.members)
    if isinstance(shape, Narrowed | Widened):
        return _exceeds(value, shape.shape)
    kind = shape.kind if isinstance(shape, Plain) else None
    return (kind is float and value in (math.inf, -math.inf)) or (kind in {int, float} and type(value) is int)


@dataclass(frozen=True, slots=True)
class Plain(Shape):
    """A number, a text, a flag, null, or anything at all."""

    kind: Any

    def fits(self, value: object) -> bool:
        """Nothing is taken for another type, but for a whole number where any number will do."""
        if self.kind is float and type(value) in {int, float}:
            return -_LARGEST_FLOAT <= typing.cast("float", value) <= _LARGEST_FLOAT
        if self.kind is int and type(value) is int:
            return -LARGEST_INT <= value <= LARGEST_INT
        return self.kind is Any or type(value) is self.kind

    def read(self, value: Any, _place: Place) -> Any:
        """The value; a number as a float where that is declared."""
        return float(value) if self.kind is float else value

    def describe(self) -> str:
        """A noun."""
        return _NOUNS[self.kind]


_NOUNS: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    str: "a text",
    bool: "true or false",
    types.NoneType: "null",
    Any: "a value",
}


@dataclass(frozen=True, slots=True)
class Choice(Shape):
    """One of a few words or numbers."""

    words: tuple[Any, ...]
    never: Never | None = None

    def fits(self, value: object) -> bool:
        """Whether it is one of them; 1 is not true."""
        return any(value == word and type(value) is type(word) for word in self.words)

    def resembles(self, value: object, /) -> bool:
        """Whether it is another word."""
        return isinstance(value, str) and all(isinstance(word, str) for word in self.words)

    def read(self, value: Any, _place: Place) -> Any:
        """The word."""
        return value

    def describe(self) -> str:
        """The words."""
        words = [show(word) for word in self.words]
        return words[0] if len(words) == 1 else f"one of {', '.join(words)}"


@dataclass(frozen=True, slots=True)
class Either(Shape):
    """One of several shapes: the first that fits."""

    members: tuple[Shape, ...]

    def fits(self, value: object) -> bool:
        """Whether one does."""
        return any(member.fits(value) for member in self.members)

    def resembles(self, value: object, /) -> bool:
        """Whether it resembles one."""
        return any(member.resembles(value) for member in self.members)

    def read(self, value: Any, place: Place) -> Any:
        """As the first that fits reads it."""
        return next(member for member in self.members if member.fits(value)).read(value, place)

    def describe(self) -> str:
        """All of them."""
        return " or ".join(member.describe() for member in self.members)


@dataclass(frozen=True, slots=True)
class Listed(Shape):
    """A list of entries of one shape; a tuple once read."""

    entry: Shape

    def fits(self, value: object) -> bool:
        """Whether it is a list."""
        return isinstance(value, list | tuple)

    def read(self, value: Any, place: Place) -> Any:
        """Every entry."""
        return tuple(read_shape(self.entry, entry, place.entry(index)) for index, entry in enumerate(value))

    def describe(self) -> str:
        """A noun, with what each entry is."""
        return f"a list ({self.entry.describe()} each)"


@dataclass(frozen=True, slots=True)
class Mapped(Shape):
    """A mapping from any words to values of one shape."""

    entry: Shape

    def fits(self, value: object) -> bool:
        """Whether it is a mapping."""
        return isinstance(value, dict)

    def read(self, value: Any, place: Place) -> Any:
        """Every value."""
        return {
            key: read_shape(self.entry, entry, place.at(key))
            for key, entry in value.items()
            if not (place.is_json and key.startswith("_"))
        }

    def describe(self) -> str:
        """A noun."""
        return "a mapping"


@dataclass(frozen=True, slots=True)
class Object(Shape):
    """A mapping with the fields of a dataclass, which it becomes."""

    kind: Any

    def fits(self, value: object) -> bool:
        """Whether it is a mapping."""
        return isinstance(value, dict)

    def read(self, value: Any, place: Place) -> Any:
        """The dataclass, if every field is right and none is missing."""
        mark = place.mark()
        given = read_keys(declared(self.kind), value, place, extras=extras_of(self.kind))
        miss(self.kind, given, place)
        check_rules(self.kind, value, place)
        return self.kind(**given) if place.is_sound_since(mark) else None

    def describe(self) -> str:
        """A noun."""
        return "a mapping"


@dataclass(frozen=True, slots=True)
class Some(Shape):
    """A mapping with some of the fields of a dataclass."""

    part: Part

    def fits(self, value: object) -> bool:
        """Whether it is a mapping."""
        return isinstance(value, dict)

    def read(self, value: Any, place: Place) -> Any:
        """The fields that are given, with None for each one that is wrong."""
        check_rules(self.part.kind, value, place)
        return read_keys(known(self.part), value, place)

    def describe(self) -> str:
        """A noun."""
        return "a mapping"


@dataclass(frozen=True, slots=True)
class Narrowed(Shape):
    """A shape and a rule beside it."""

    shape: Shape
    rule: Rule

    def fits(self, value: object) -> bool:
        """As the shape says."""
        return self.shape.fits(value)

    def resembles(self, value: object, /) -> bool:
        """As the shape says."""
        return self.shape.resembles(value)

    def read(self, value: Any, place: Place) -> Any:
        """As the shape reads it, if the rule accepts that."""
        mark = place.mark()
        result = self.shape.read(value, place)
        if place.is_sound_since(mark) and not self.rule.accepts(result):
            note = place.wrong if self.rule.is_firm else place.deviates
            note(self.describe(), show(value))
        return result if place.is_sound_since(mark) else None

    def describe(self) -> str:
        """The shape with its rule."""
        return self.rule.describe(self.shape.describe())


@dataclass(frozen=True, slots=True)
class Widened(Shape):
    """A shape, and what older files have instead."""

    shape: Shape
    former: Shape

    def fits(self, value: object) -> bool:
        """As the shape says."""
        return self.shape.fits(value)

    def resembles(self, value: object, /) -> bool:
        """Whether it is what older files have."""
        return self.former.fits(value)

    def read(self, value: Any, place: Place) -> Any:
        """As the shape reads it."""
        return self.shape.read(value, place)

    def describe(self) -> str:
        """The shape."""
        return self.shape.describe()


@cache
def shape_of(kind: Any) -> Shape:
    """The shape of a type; ``Annotated`` narrows it by rules, or stands for a ``Part``."""
    if get_origin(kind) is not Annotated:
        return _bare_shape(kind)
    bare, *rules = get_args(kind)
    if isinstance(rules[0], Part):
        return Some(rules[0])
    if isinstance(rules[0], Never):
        return Choice(get_args(bare), rules[0])
    shape = shape_of(bare)
    for rule in rules:
        shape = Widened(shape, shape_of(rule.kind)) if isinstance(rule, Formerly) else Narrowed(shape, rule)
    return shape


def _bare_shape(kind: Any) -> Shape:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        return Either(tuple(map(shape_of, arguments)))
    if origin is Literal:
        return Choice(arguments)
    if origin is tuple:
        return Listed(shape_of(arguments[0]))
    if origin is Mapping:
        return Mapped(shape_of(arguments[1]))
    return Object(kind) if is_dataclass(kind) else Plain(kind)


def check_rules(kind: Any, value: Mapping[str, Any], place: Place) -> None:
    """Note what the conditions on a whole object refuse."""
    for rule in rules_of(kind):
        rule.check(value, place)


def read_keys(
    kinds: Mapping[str, Any], value: Mapping[str, Any], place: Place, *, extras: Any = None
) -> dict[str, Any]:
    """The values of known keys, None for each one that is wrong; an unknown key is a problem, if it is no comment.

    A misspelt key stands for the known one that it was probably meant to be, as a wrong one. Where there are
    ``extras``, unknown keys have values of that type, which are checked and not given back.
    """
    given = {key: entry for key, entry in value.items() if not (place.is_json and key.startswith("_"))}
    meant: dict[str, Any] = {}
    for key in [key for key in given if key not in kinds]:
        if extras is not None:
            read_shape(shape_of(extras), given[key], place.at(key))
        elif not place.at(key).deviates("a known key", show(key), known=kinds, word=key):
            meant |= {guess: None for guess in [place.problems[-1].nearest] if guess}
    right = {name: kind for name, kind in kinds.items() if name in given}
    return meant | {name: read_shape(shape_of(kind), given[name], place.at(name)) for name, kind in right.items()}


def miss(kind: Any, given: Container[str], place: Place) -> None:
    """Note every field without a default that is not given."""
    for name, (type_, own) in fields_of(kind).items():
        if name not in given and is_needed(own):
            note = place.at(name).deviates if own.metadata == NEEDED else place.at(name).wrong
            note(shape_of(type_).describe(), "nothing")
