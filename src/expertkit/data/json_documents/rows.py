"""Rows of the table of forms: a shape, the questions for it, and the slots that both leave open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from expertkit.data.json_documents.phrases import SLOT
from expertkit.data.json_documents.shapes import Json, Leaf, Listing, Record, Shape, scopes


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One shape and its questions."""

    form: str
    shape: Shape
    asks: tuple[str, ...]
    scopes: tuple[tuple[str, ...], ...]
    """The keys of each object: each such set decides by itself which part the item may appear in."""
    slots: tuple[str, ...]
    """All slots but the keys."""


def row(form: str, shape: Shape, *asks: str) -> Row:
    """A row with the keys and slots that its shape and questions name."""
    keys = tuple(dict.fromkeys(scopes(shape)))
    names = {key for scope in keys for key in scope}
    used = sorted({slot for text in (*asks, *_leaves(shape)) for slot in SLOT.findall(text)} - names)
    return Row(form=form, shape=shape, asks=asks, scopes=keys, slots=tuple(used))


def _leaves(part: Json) -> Iterator[str]:
    match part:
        case str():
            yield part
        case Leaf():
            yield from _leaves([part.schema, part.value])
        case Listing():
            yield from _leaves(list(part.items))
        case Record():
            yield from _leaves(list(part.fields.values()))
        case list():
            for item in part:
                yield from _leaves(item)
        case dict():
            yield from _leaves([*part, *part.values()])
