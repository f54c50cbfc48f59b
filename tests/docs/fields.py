"""The page docs/manifest-fields.md and the JSON Schemas: every field of a manifest, as the code declares it."""

from __future__ import annotations

import ast
import inspect
import itertools
from collections.abc import Iterator
from typing import Any, get_args

from expertkit.fields import Part, declared, describe
from expertkit.fields.declarations import fields_of, is_needed
from expertkit.files import dump_json
from expertkit.manifest.model import MultiManifest, SingleManifest
from expertkit.manifest.parse import json_schema

_HEAD = """\
# Every field of a manifest

What the code declares; written by `make docs`. What the fields mean together is in [manifest.md](manifest.md). The
same as JSON Schema: [1.0](schema/manifest-1.0.schema.json), [2.0](schema/manifest-2.0.schema.json). A manifest of
schema 1.0 has `base_model` and `adapters` where one of schema 2.0 has `base_models`.
"""


def render() -> str:
    """The page as it should be."""
    return "\n".join(
        [_HEAD, *(_section(kind) for kind in dict.fromkeys([*_kinds(MultiManifest), *_kinds(SingleManifest)]))]
    )


def render_schema(version: str) -> str:
    """The JSON Schema of manifests of one version."""
    return dump_json(json_schema(version)).decode()


def meanings(kind: type) -> dict[str, str]:
    """What stands under each field of a dataclass and of those it is made from."""
    said: dict[str, str] = {}
    for each in reversed(kind.__mro__[:-1]):
        (body,) = (node.body for node in ast.parse(inspect.getsource(each)).body if isinstance(node, ast.ClassDef))
        for field, after in itertools.pairwise(body):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(after, ast.Expr)
                and isinstance(after.value, ast.Constant)
            ):
                said[ast.unparse(field.target)] = str(after.value.value)
    return said


def _section(kind: type) -> str:
    needed = {name: "yes" if is_needed(own) else "" for name, (_kind, own) in fields_of(kind).items()}
    said = meanings(kind)
    rows = [
        f"| `{name}` | {needed[name]} | {describe(type_)} | {said.get(name, '')} |"
        for name, type_ in declared(kind).items()
    ]
    head = f"## {kind.__name__}\n{inspect.getdoc(kind)}\n\n| field | needed | value | meaning |\n|---|---|---|---|"
    return "\n".join([head, *rows]) + "\n"


def _kinds(kind: Any) -> Iterator[type]:
    """A dataclass and those in it, each once it is first met."""
    yield kind
    for type_ in declared(kind).values():
        for inner in _inside(type_):
            yield from _kinds(inner)


def _inside(type_: Any) -> Iterator[type]:
    """The dataclasses in a type."""
    if isinstance(type_, Part):
        yield type_.kind
    elif hasattr(type_, "__dataclass_fields__") and isinstance(type_, type):
        yield type_
    for argument in (*get_args(type_), *getattr(type_, "__metadata__", ())):
        yield from _inside(argument)
