"""docs/recipes.md says what the code declares."""

from __future__ import annotations

import ast
import itertools
from pathlib import Path

from expertkit.fields import declared, describe, known
from expertkit.recipes.base_models import BaseConfig
from expertkit.recipes.params import SECTIONS, ParamsFile

SOURCES = ("src/expertkit/recipes/recipe.py", "src/expertkit/recipes/train_config.py")


def docstrings() -> dict[tuple[str, str], str]:
    """What stands under each field of the classes that a recipe is made of."""
    bodies = [
        (node.name, node.body)
        for source in SOURCES
        for node in ast.parse(Path(source).read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
    ]
    return {
        (name, field.target.id): str(after.value.value)
        for name, body in bodies
        for field, after in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
    }


def test_the_table_of_sections_is_what_the_code_declares() -> None:
    """Every key, what it may hold and what it does, word for word."""
    page = Path("docs/recipes.md").read_text(encoding="utf-8").splitlines()
    said = docstrings()

    rows = [
        f"| `{section}.{key}` | {describe(kind)} | {said[part.kind.__name__, key]} |"
        for section, part in SECTIONS.items()
        for key, kind in known(part).items()
        if (section, key) != ("train", "config")
    ]

    assert len(rows) > 25
    assert [line for line in page if line.startswith(tuple(f"| `{section}." for section in SECTIONS))] == rows


def test_every_key_of_the_files_is_explained() -> None:
    """params.yaml and the descriptions of base models have a row for each key."""
    page = Path("docs/recipes.md").read_text(encoding="utf-8")

    missing = [key for kind in (ParamsFile, BaseConfig) for key in declared(kind) if f"| `{key}` |" not in page]

    assert missing == []
