"""What the context of an item declares, read from its text, and the tables of LadybugDB that hold such a graph."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PROPERTIES = r"(?: \{([^}]*)\})?"
_NODE = re.compile(rf"\(:(\w+){_PROPERTIES}\)")
_RELATION = re.compile(rf"-\[:(\w+){_PROPERTIES}\]->")
_TYPES = {"INTEGER": "INT64", "STRING": "STRING", "BOOLEAN": "BOOL"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """The nodes and relations of a graph."""

    nodes: dict[str, dict[str, str]]
    """Properties with their types, by label."""
    relations: list[tuple[str, str, dict[str, str], str]]
    """Source, type, properties and target of each."""


def read_context(context: str) -> Declared:
    """What a context declares."""
    nodes = [(label, _read_properties(properties)) for label, properties in _NODE.findall(context)]
    labels = [label for label, _ in nodes]
    relations = [
        (source, type_, _read_properties(properties), target)
        for source, (type_, properties), target in zip(labels, _RELATION.findall(context), labels[1:], strict=False)
    ]
    return Declared(nodes=dict(reversed(nodes)), relations=relations)  # a loop's node has properties where it is first


def _read_properties(declared: str) -> dict[str, str]:
    return dict(property_.split(": ") for property_ in declared.split(", ")) if declared else {}


def declare_tables(declared: Declared) -> tuple[str, ...]:
    """The statements that make the tables, those of nodes first."""
    nodes = [
        f"CREATE NODE TABLE {label} (id SERIAL PRIMARY KEY{_declare_columns(properties)});"
        for label, properties in declared.nodes.items()
    ]
    relations = [
        f"CREATE REL TABLE {type_} (FROM {source} TO {target}{_declare_columns(properties)});"
        for source, type_, properties, target in declared.relations
    ]
    return (*nodes, *relations)


def _declare_columns(properties: dict[str, str]) -> str:
    return "".join(f", {name} {_TYPES[type_]}" for name, type_ in properties.items())
