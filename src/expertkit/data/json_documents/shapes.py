"""What a document may look like: one shape yields both the JSON Schema and the one document that is asked for.

Keys and leaves of a shape may be slots (a letter and a digit, such as ``t1``); :func:`schema_of` and
:func:`document_of` put words in their place. Which words those are is decided in ``draws``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

Json = Any
Words = Mapping[str, Json]
"""What stands for each slot; its order is the order of the keys in schema and document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A value without parts that carry names of their own."""

    schema: Json
    value: Json = None
    present: bool = True
    """False for a property that the schema allows and the document leaves out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An object with a fixed set of properties; those present are required."""

    fields: Mapping[str, Shape]
    present: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """An array whose items all have the first one's schema; they differ in their values."""

    items: tuple[Shape, ...]
    present: ClassVar[bool] = True


Shape = Leaf | Record | Listing


def text(value: str) -> Leaf:
    """A string."""
    return Leaf(schema={"type": "string"}, value=value)


def integer(value: str | int) -> Leaf:
    """A whole number."""
    return Leaf(schema={"type": "integer"}, value=value)


def decimal(value: str) -> Leaf:
    """A number that may have a fraction."""
    return Leaf(schema={"type": "number"}, value=value)


def flag(*, value: bool | str) -> Leaf:
    """True or false, or a slot for one of them."""
    return Leaf(schema={"type": "boolean"}, value=value)


def nothing() -> Leaf:
    """Null, where the schema allows it beside a string."""
    return Leaf(schema={"type": ["string", "null"]})


def bounded(value: str) -> Leaf:
    """A whole number between ``j1`` and ``j2``."""
    return Leaf(schema={"type": "integer", "minimum": "j1", "maximum": "j2"}, value=value)


def fixed(value: str) -> Leaf:
    """The only value the schema allows."""
    return Leaf(schema={"const": value}, value=value)


def assumed(value: str, *, default: str) -> Leaf:
    """A string that has a default."""
    return Leaf(schema={"type": "string", "default": default}, value=value)


def choice(value: str, options: str) -> Leaf:
    """One of the space-separated ``options``."""
    return Leaf(schema={"enum": options.split()}, value=value)


def unused(kind: str) -> Leaf:
    """A property of this JSON type that no document asked for has."""
    return Leaf(schema={"type": kind}, present=False)


def counts(values: Mapping[str, str]) -> Leaf:
    """A map from words to whole numbers."""
    return Leaf(schema={"type": "object", "additionalProperties": {"type": "integer"}}, value=dict(values))


def pair(first: Leaf, second: Leaf) -> Leaf:
    """An array of exactly these two."""
    parts = [first.schema, second.schema]
    return Leaf(
        schema={"type": "array", "prefixItems": parts, "minItems": 2, "items": False},
        value=[first.value, second.value],
    )


def empty() -> Leaf:
    """An array of strings with nothing in it."""
    return Leaf(schema={"type": "array", "items": {"type": "string"}}, value=[])


def record(**fields: Shape) -> Record:
    """An object with these properties."""
    return Record(fields=fields)


def listing(*items: Shape) -> Listing:
    """An array of these items."""
    return Listing(items=items)


def texts(values: str) -> Listing:
    """An array of strings, from space-separated slots."""
    return listing(*map(text, values.split()))


def integers(values: str) -> Listing:
    """An array of whole numbers, from space-separated slots."""
    return listing(*map(integer, values.split()))


def schema_of(shape: Shape, words: Words) -> Json:
    """The JSON Schema (2020-12) of ``shape``."""
    match shape:
        case Leaf():
            return _fill(shape.schema, words)
        case Listing():
            return {"type": "array", "items": schema_of(shape.items[0], words)}
        case Record():
            keys = _ordered(shape, words)
            return {
                "type": "object",
                "properties": {words[key]: schema_of(shape.fields[key], words) for key in keys},
                "required": [words[key] for key in keys if shape.fields[key].present],
            }


def document_of(shape: Shape, words: Words) -> Json:
    """The document that is asked for, its keys in the order of the schema."""
    match shape:
        case Leaf():
            return _fill(shape.value, words)
        case Listing():
            return [document_of(item, words) for item in shape.items]
        case Record():
            keys = [key for key in _ordered(shape, words) if shape.fields[key].present]
            return {words[key]: document_of(shape.fields[key], words) for key in keys}


def scopes(shape: Shape) -> Iterator[tuple[str, ...]]:
    """The keys of every object in ``shape``, outer before inner, or the options of a list of choices."""
    match shape:
        case Record():
            yield tuple(shape.fields)
            for field in shape.fields.values():
                yield from () if isinstance(field, Leaf) else scopes(field)
        case Listing():
            yield from scopes(shape.items[0])
        case Leaf(schema={"enum": options}):
            yield tuple(options)


def _ordered(shape: Record, words: Words) -> list[str]:
    return [key for key in words if key in shape.fields]


def _fill(part: Json, words: Words) -> Json:
    if isinstance(part, str):
        return words.get(part, part)
    if isinstance(part, list):
        return [_fill(item, words) for item in part]
    if isinstance(part, dict):
        return {words.get(key, key): _fill(value, words) for key, value in part.items()}
    return part
