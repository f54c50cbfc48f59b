"""Declared dataclasses as JSON Schema (draft 2020-12), for editors and for programs in other languages.

It says what a strict reading accepts, but for what JSON Schema cannot say: that entries differ in one field, that they
share no folder of weights, that a whole number is written without a point, and that one beyond 2^53 - 1 is refused
also where any number will do.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Any

from expertkit.fields.declarations import declared, extras_of, fields_of, is_needed, known, rules_of
from expertkit.fields.shapes import (
    LARGEST_INT,
    Choice,
    Either,
    Listed,
    Mapped,
    Narrowed,
    Object,
    Plain,
    Shape,
    Some,
    Widened,
    shape_of,
)

_Named = dict[str, dict[str, Any]]

_TYPES: dict[Any, str] = {int: "integer", float: "number", str: "string", bool: "boolean", types.NoneType: "null"}
_EXACT = {"minimum": -LARGEST_INT, "maximum": LARGEST_INT}
_COMMENTS: dict[str, Any] = {"^_": {}}


def json_schema(kind: Any) -> dict[str, Any]:
    """The schema of a dataclass; each dataclass in it stands under its name in ``$defs``."""
    named: _Named = {}
    reference = _schema(shape_of(kind), named)
    definitions = dict(sorted(named.items()))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **reference, "$defs": definitions}


def _schema(shape: Shape, named: _Named) -> dict[str, Any]:  # noqa: PLR0911  # one line for each shape
    match shape:
        case Plain(kind):
            return {} if kind is Any else {"type": _TYPES[kind], **(_EXACT if kind is int else {})}
        case Choice(words):
            return {"const": words[0]} if len(words) == 1 else {"enum": list(words)}
        case Either(members):
            return {"anyOf": [_schema(member, named) for member in members]}
        case Listed(entry):
            return {"type": "array", "items": _schema(entry, named)}
        case Mapped(entry):
            return {"type": "object", "patternProperties": _COMMENTS, "additionalProperties": _schema(entry, named)}
        case Narrowed(inner, rule):
            return {**_schema(inner, named), **rule.schema()}
        case Widened(inner, _former):
            return _schema(inner, named)
        case Object(kind):
            required = [name for name, (_kind, own) in fields_of(kind).items() if is_needed(own)]
            return _named(kind, declared(kind), required, named)
        case Some(part):
            return _named(part.kind, known(part), [], named)
    raise TypeError(f"no JSON Schema for {shape}")


def _named(kind: Any, keys: Mapping[str, Any], required: list[str], named: _Named) -> dict[str, Any]:
    """A reference to the schema of a dataclass, which is put into ``named``."""
    name: str = kind.__name__
    if name not in named:
        named[name] = {}  # while it is being made, so that it may hold itself
        extras = extras_of(kind)
        rules = [rule.schema() for rule in rules_of(kind)]
        named[name] = {
            "description": " ".join((kind.__doc__ or "").split()),
            "type": "object",
            "properties": {key: _schema(shape_of(type_), named) for key, type_ in keys.items()},
            "patternProperties": _COMMENTS,
            "additionalProperties": False if extras is None else _schema(shape_of(extras), named),
            **({"required": required} if required else {}),
            **({"allOf": rules} if rules else {}),
        }
    return {"$ref": f"#/$defs/{name}"}
