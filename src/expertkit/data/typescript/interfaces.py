"""Interfaces: drawing one for a part, writing it as TypeScript and as canonical text, reading it back."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from expertkit.data.split import Part, part_of
from expertkit.data.typescript.names import Vocabulary, draw_name

TYPES = {
    "number": "number",
    "text": "string",
    "flag": "boolean",
    "maybe": "string",
    "numbers": "number[]",
    "texts": "string[]",
}
"""The type of each kind of field; a ``maybe`` may be left out of a row."""

_SPARE_KINDS = (
    "number",
    "number",
    "text",
    "text",
    "text",
    "flag",
    "maybe",
    "texts",
)  # how often a spare field is which
_INTERFACE = re.compile(r"interface (\w+) \{ (.*?) \}\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field that questions can ask about."""

    name: str
    kind: str
    """A key of ``TYPES``."""

    def __str__(self) -> str:
        """As the interface declares it."""
        return f"{self.name}{'?' if self.kind == 'maybe' else ''}: {TYPES[self.kind]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """What one row looks like."""

    entity: str
    """The thing a row is about, in lower case as questions name it."""
    fields: tuple[Field, ...]

    @property
    def name(self) -> str:
        """The entity as the name of a type."""
        return self.entity.capitalize()

    def __str__(self) -> str:
        """The declaration, on one line."""
        return f"interface {self.name} {{ {_declare(self.fields)} }}"


def canonical_text(interface: Interface) -> str:
    """The text that decides which part the interface belongs to, whatever the order of its fields."""
    return f"{interface.name} {{ {'; '.join(sorted(map(str, interface.fields)))} }}"


def digest_interface(interface: Interface) -> str:
    """Short digest that two interfaces share exactly when they declare the same."""
    return hashlib.sha256(canonical_text(interface).encode()).hexdigest()[:16]


def read_interface(context: str) -> Interface:
    """The interface that a context begins with.

    Raises:
        ValueError: it begins with something else.
    """
    found = _INTERFACE.match(context)
    if not found:
        raise ValueError(f"no interface: {context!r}")
    return Interface(entity=found[1].lower(), fields=tuple(map(_read_field, found[2].split("; "))))


def draw_interface(
    rng: random.Random, vocabulary: Vocabulary, *, part: Part, kinds: Sequence[str], size: int
) -> Interface:
    """An interface of ``part`` with fields of these kinds and spare ones up to ``size``, in random order."""
    while True:
        spare = [rng.choice(_SPARE_KINDS) for _ in range(size - len(kinds))]
        interface = _name_interface(rng, vocabulary, kinds=rng.sample([*kinds, *spare], k=max(size, len(kinds))))
        if part_of(canonical_text(interface)) == part:
            return interface


def _name_interface(rng: random.Random, vocabulary: Vocabulary, *, kinds: Sequence[str]) -> Interface:
    names = [draw_name(rng, vocabulary.entities, made_up=vocabulary.made_up)]
    for kind in kinds:
        while (name := draw_name(rng, vocabulary.fields[kind], made_up=vocabulary.made_up)) in names:
            pass
        names.append(name)
    fields = tuple(Field(name=name, kind=kind) for name, kind in zip(names[1:], kinds, strict=True))
    return Interface(entity=names[0], fields=fields)


def _declare(fields: Iterable[Field]) -> str:
    return "; ".join(map(str, fields))


def _read_field(declared: str) -> Field:
    name, _, type_ = declared.partition(": ")
    kind = "maybe" if name.endswith("?") else next(kind for kind, written in TYPES.items() if written == type_)
    return Field(name=name.removesuffix("?"), kind=kind)
