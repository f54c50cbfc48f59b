"""Resolved recipes on disk: ``build/recipes/<expert>-<base>.json`` and ``<expert>.json``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from expertkit import layout
from expertkit.errors import ConfigError, Problem
from expertkit.fields import Place, read
from expertkit.files import dump_json, replace_folder
from expertkit.recipes.recipe import DataRecipe, Recipe
from expertkit.strict_json import loads

R = TypeVar("R", Recipe, DataRecipe)

_HINT = "expert-cli recipes"


def read_recipe(project: Path, expert: str, base: str) -> Recipe:
    """The resolved recipe of one expert on one base.

    Raises:
        ConfigError: it is missing, or not one that this version reads.
        FormatError: it is not JSON.
    """
    return _read(Recipe, project, f"{expert}-{base}")


def read_data_recipe(project: Path, expert: str) -> DataRecipe:
    """The resolved recipe of an expert's data; fails like ``read_recipe``."""
    return _read(DataRecipe, project, expert)


def load_recipe(path: Path) -> Recipe:
    """A resolved recipe wherever it lies; fails like ``read_recipe``."""
    return from_json(Recipe, loads(path.read_bytes(), file=str(path)), file=str(path))


def from_json(kind: type[R], value: object, *, file: str) -> R:
    """The recipe that ``to_json`` wrote.

    Raises:
        ConfigError: keys or values are wrong.
    """
    problems: list[Problem] = []
    recipe = read(kind, value, Place(file, problems))
    if recipe is None:
        raise ConfigError(problems, hint=_HINT)
    return recipe


def write_recipes(project: Path, recipes: Sequence[Recipe]) -> tuple[Path, ...]:
    """Replace ``build/recipes/`` by these recipes and give their paths."""
    files = _files(recipes)
    with replace_folder(project / layout.RECIPES) as folder:
        for name, data in files.items():
            (folder / name).write_bytes(data)
    return tuple(project / layout.RECIPES / name for name in files)


def are_written(project: Path, recipes: Sequence[Recipe]) -> bool:
    """Whether ``build/recipes/`` holds these recipes and nothing else."""
    folder = project / layout.RECIPES
    return folder.is_dir() and {path.name: path.read_bytes() for path in folder.iterdir()} == _files(recipes)


def _files(recipes: Sequence[Recipe]) -> dict[str, bytes]:
    experts = {f"{recipe.expert}.json": dump_json(recipe.data_recipe().to_json()) for recipe in recipes}
    return experts | {f"{recipe.key}.json": dump_json(recipe.to_json()) for recipe in recipes}


def _read(kind: type[R], project: Path, name: str) -> R:
    path = project / layout.RECIPES / f"{name}.json"
    if not path.is_file():
        problems: list[Problem] = []
        stems = {other.stem for other in path.parent.glob("*.json")}
        pairs = {stem for stem in stems if any(stem.startswith(f"{other}-") for other in stems)}
        known = sorted(pairs if kind is Recipe else stems - pairs)
        Place(str(path), problems).wrong("a resolved recipe", "no such file", known=known, word=name)
        raise ConfigError(problems, hint=f"name it in {layout.PARAMS}, then {_HINT}" if known else _HINT)
    return from_json(kind, loads(path.read_bytes(), file=str(path)), file=str(path))
