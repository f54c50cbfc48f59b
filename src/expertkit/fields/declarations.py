"""What a dataclass declares of the mappings that it is read from: fields with their types, rules, further keys."""

from __future__ import annotations

import types
import typing
from dataclasses import MISSING, Field, fields
from functools import cache
from typing import Annotated, Any, get_args

from expertkit.fields.rules import ObjectRule
from expertkit.fields.types import Formerly, Part

UNREAD = types.MappingProxyType({"unread": True})
"""Metadata of a dataclass field that no file gives."""
NEEDED = types.MappingProxyType({"needed": True})
"""Metadata of a field that must be written although it has a default, which stands for it in older files."""


@cache
def fields_of(kind: Any) -> dict[str, tuple[Any, Field[Any]]]:
    """The fields of a dataclass that a file gives, by name, each with its type."""
    kinds = typing.get_type_hints(kind, include_extras=True)
    return {
        each.name: (_without_null(kinds[each.name]) if each.metadata == NEEDED else kinds[each.name], each)
        for each in fields(kind)
        if each.metadata != UNREAD
    }


def _without_null(kind: Any) -> Any:
    """``X`` for ``X | None``: what a file has to say, where older ones may say null."""
    members = [member for member in get_args(kind) if member is not types.NoneType]
    return Annotated[members[0], Formerly(types.NoneType)] if len(members) == 1 else kind


def declared(kind: Any) -> dict[str, Any]:
    """The fields of a dataclass that a file gives, each with its type."""
    return {name: type_ for name, (type_, _own) in fields_of(kind).items()}


def is_needed(own: Field[Any]) -> bool:
    """Whether a field must be written."""
    return own.metadata == NEEDED or (own.default is MISSING and own.default_factory is MISSING)


def rules_of(kind: Any) -> tuple[ObjectRule, ...]:
    """The conditions on a whole object: ``RULES`` of its dataclass."""
    return getattr(kind, "RULES", ())


def extras_of(kind: Any) -> Any:
    """The type of values under keys that a dataclass does not declare, its ``EXTRAS``; None where there may be none."""
    return getattr(kind, "EXTRAS", None)


def known(part: Part) -> dict[str, Any]:
    """Every key that a part may give, with its type."""
    own = {name: type_ for name, type_ in declared(part.kind).items() if name not in part.without}
    return own | dict(part.also)
