"""What people write in YAML and JSON: declared once, as dataclass fields, and read with every problem at once.

A field's type says what it may hold: ``int``, ``float``, ``str``, ``bool``, ``Any``, ``Literal``, ``X | Y``,
``tuple[X, ...]``, ``Mapping[str, X]`` or another such dataclass; ``Annotated`` narrows it by ``Range``, ``Text`` or
``Entries``, or makes a ``Part`` of it. A field without a default must be written. A dataclass may have ``RULES`` that
concern several of its fields, and ``EXTRAS``, the type of whatever else is written. The same declarations give a
JSON Schema. Where a ``Place`` has a list for warnings, an older file is read: other words and texts than the declared
ones, unknown keys, what stands in ``Formerly`` and missing ``NEEDED`` fields are warnings there. Reading files is
the caller's.
"""

from __future__ import annotations

from typing import Any, TypeVar

from expertkit.errors import FormatError, Problem
from expertkit.fields.declarations import NEEDED, UNREAD, declared, known
from expertkit.fields.json_schema import json_schema
from expertkit.fields.place import Place, show
from expertkit.fields.rules import Entries, NotBoth, OneOf, Range, Text, When
from expertkit.fields.shapes import check_rules, miss, read_keys, read_shape, shape_of
from expertkit.fields.types import Formerly, Never, Part

__all__ = [
    "NEEDED",
    "UNREAD",
    "Entries",
    "Formerly",
    "Never",
    "NotBoth",
    "OneOf",
    "Part",
    "Place",
    "Range",
    "Text",
    "When",
    "declared",
    "describe",
    "json_schema",
    "known",
    "miss",
    "read",
    "read_any",
    "read_part",
    "read_sound",
    "show",
]

T = TypeVar("T")


def read(kind: type[T], value: object, place: Place) -> T | None:
    """``value`` as a ``kind``, or None when problems were added to ``place.problems``."""
    result: T | None = read_any(kind, value, place)
    return result


def read_sound(kind: type[T], value: object, file: str, *, is_json: bool = True) -> T:
    """``value``, which programs wrote, as a ``kind``.

    Args:
        kind: a dataclass.
        value: what stands in the file.
        file: what it is called in messages.
        is_json: whether places in it are JSON pointers, or dotted keys.

    Raises:
        FormatError: it is none; all problems at once.
    """
    problems: list[Problem] = []
    result = read(kind, value, Place(file, problems, is_json=is_json))
    if result is None:
        raise FormatError("\n".join(map(str, problems)))
    return result


def read_any(kind: Any, value: object, place: Place) -> Any:
    """``read`` for types that are no class."""
    mark = place.mark()
    result = read_shape(shape_of(kind), value, place)
    return result if place.is_sound_since(mark) else None


def read_part(part: Part, value: object, place: Place) -> dict[str, Any]:
    """The fields that a mapping gives; None for each one that is wrong, which ``place.problems`` then tells."""
    if isinstance(value, dict):
        check_rules(part.kind, value, place)
        return read_keys(known(part), value, place)
    place.wrong("a mapping", show(value))
    return {}


def describe(kind: Any) -> str:
    """What a field of this type expects, in words."""
    return shape_of(kind).describe()
