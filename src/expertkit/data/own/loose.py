"""Files that belong to no expert yet, looked at as if they were one's data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from expertkit.data.items import Item
from expertkit.data.own.collection import collect
from expertkit.errors import ConfigError, Problem
from expertkit.fields import Place
from expertkit.recipes import DataConfig, DataRecipe
from expertkit.recipes.own_data import OwnData, find_files

_ALL = 10**9


def first_items(project: Path, name: str, columns: Mapping[str, str], *, count: int) -> tuple[Item, ...]:
    """A few items to learn from, as they would be made of a file, a folder or a data set of the hub.

    Raises:
        ConfigError: it is not fit for use.
    """
    recipe = loose_recipe(project, [name], columns=columns)
    if recipe.data.own is None:
        return ()
    return collect(project, recipe.data, recipe.data.own, needs_json=False).parts["train"][:count]


def loose_recipe(project: Path, names: Sequence[str], *, columns: Mapping[str, str] | None = None) -> DataRecipe:
    """The recipe that uses all rows of the files, folders or data sets of the hub of these names.

    Raises:
        ConfigError: one is not there, or holds no data; all problems at once.
    """
    problems: list[Problem] = []
    files = tuple(file for name in names for file in find_files(project, name, Place("data", problems)))
    if problems:
        raise ConfigError(problems)
    return DataRecipe(
        expert=", ".join(names),
        version="0.0.0",
        grader="exact",
        data=DataConfig(
            domain=None,
            own=OwnData(files=files, columns=dict(columns or {})),
            seed=1,
            train=_ALL,
            dev=_ALL,
            test=_ALL,
            unseen=0,
            max_bad_share=1.0,
            similarity=0.9,
        ),
    )
