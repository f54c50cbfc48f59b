"""Graph schemas: drawing them for one part, and writing them as a context and as canonical text."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from expertkit.data.cypher.names import Vocabulary, draw_name
from expertkit.data.split import Part, part_of

Kind = Literal["number", "text", "flag"]

TYPES: dict[Kind, str] = {"number": "INTEGER", "text": "STRING", "flag": "BOOLEAN"}
"""What a context calls them, as Neo4j does."""
_KINDS: tuple[Kind, ...] = ("number", "number", "text", "text", "text", "flag")  # how often a spare property is which


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """A property of nodes or of relations."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """The nodes of one label."""

    label: str
    properties: tuple[Property, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """The relations of one type, which lead from a node to the next one of their schema."""

    type: str
    properties: tuple[Property, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """Nodes in a chain, with a relation from each to the next; one that stands twice leads to itself."""

    nodes: tuple[Node, ...]
    relations: tuple[Relation, ...]


def write_context(schema: Schema) -> str:
    """The pattern that all relations of the graph follow, each node's properties where it stands first."""
    first, *others = schema.nodes
    written = _write_node(first)
    for relation, node in zip(schema.relations, others, strict=True):
        target = f"(:{node.label})" if node == first else _write_node(node)
        written += f"-[:{relation.type}{_write_properties(relation.properties)}]->{target}"
    return written


def canonical_text(node: Node) -> str:
    """The text that decides which part the node belongs to, whatever the order of its properties."""
    return f"{node.label}{_write_properties(sorted(node.properties, key=lambda property_: property_.name))}"


def digest_schema(schema: Schema) -> str:
    """Short digest that two schemas share exactly when they have the same nodes and relations."""
    relations = [
        f"{source.label} {relation.type}{_write_properties(sorted(relation.properties, key=lambda p: p.name))} "
        f"{target.label}"
        for source, relation, target in zip(schema.nodes, schema.relations, schema.nodes[1:], strict=False)
    ]
    text = "\n".join(sorted({*map(canonical_text, schema.nodes), *relations}))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def draw_node(
    rng: random.Random, vocabulary: Vocabulary, *, part: Part, kinds: Sequence[Kind], size: int, taken: set[str]
) -> Node:
    """A node of ``part`` with properties of these kinds and spare ones up to ``size``, in random order.

    Its names are none of those ``taken``, and are taken from then on: a property's name tells its node.
    """
    while True:
        names = set(taken)
        label = draw_name(rng, vocabulary.entities, made_up=vocabulary.made_up, taken=names)
        spare = [rng.choice(_KINDS) for _ in range(size - len(kinds))]
        node = Node(label=label, properties=_draw_properties(rng, vocabulary, kinds=[*kinds, *spare], taken=names))
        if part_of(canonical_text(node)) == part:
            taken |= names
            return node


def draw_relation(
    rng: random.Random, vocabulary: Vocabulary, *, kinds: Sequence[Kind], size: int, taken: set[str]
) -> Relation:
    """A relation with properties of these kinds and numbers up to ``size``."""
    type_ = draw_name(rng, vocabulary.relations, made_up=vocabulary.made_up, taken=taken)
    spare: list[Kind] = ["number"] * (size - len(kinds))
    return Relation(type=type_, properties=_draw_properties(rng, vocabulary, kinds=[*kinds, *spare], taken=taken))


def _draw_properties(
    rng: random.Random, vocabulary: Vocabulary, *, kinds: Sequence[Kind], taken: set[str]
) -> tuple[Property, ...]:
    pools = {"number": vocabulary.numbers, "text": vocabulary.texts, "flag": vocabulary.flags}
    return tuple(
        Property(name=draw_name(rng, pools[kind], made_up=vocabulary.made_up, taken=taken), kind=kind)
        for kind in rng.sample(kinds, k=len(kinds))
    )


def _write_node(node: Node) -> str:
    return f"(:{node.label}{_write_properties(node.properties)})"


def _write_properties(properties: Sequence[Property]) -> str:
    if not properties:
        return ""
    return f" {{{', '.join(f'{property_.name}: {TYPES[property_.kind]}' for property_ in properties)}}}"
