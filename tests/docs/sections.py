"""The table of settings in docs/recipes.md, as the code declares them."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from pathlib import Path

from expertkit.fields import Part, describe, known
from expertkit.recipes import OsdConfig
from expertkit.recipes.params import SECTIONS

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/recipes.md"
SOURCES = ("src/expertkit/recipes/recipe.py", "src/expertkit/recipes/train_config.py")


def render() -> str:
    """The page with its rows made anew, where the first of them stands."""
    lines = PAGE.read_text(encoding="utf-8").splitlines(keepends=True)
    starts = tuple(f"| `{section}." for section in SECTIONS)
    first = next(at for at, line in enumerate(lines) if line.startswith(starts))
    kept = [line for line in lines if not line.startswith(starts)]
    return "".join([*kept[:first], *(f"{row}\n" for row in rows()), *kept[first:]])


def rows() -> Iterator[str]:
    """A row for every key: what it may hold, and what it does."""
    said = _docstrings()
    for section, part in SECTIONS.items():
        for key, kind in known(part).items():
            if (section, key) != ("train", "config"):
                yield f"| `{section}.{key}` | {describe(kind)} | {said[part.kind.__name__, key]} |"
            if (section, key) == ("decompose", "osd"):
                for inner, each in known(Part(OsdConfig)).items():
                    yield f"| `{section}.{key}.{inner}` | {describe(each)} | {said[OsdConfig.__name__, inner]} |"


def _docstrings() -> dict[tuple[str, str], str]:
    """What stands under each field of the classes that a recipe is made of."""
    bodies = [
        (node.name, node.body)
        for source in SOURCES
        for node in ast.parse((ROOT / source).read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
    ]
    return {
        (name, field.target.id): str(after.value.value)
        for name, body in bodies
        for field, after in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
    }
