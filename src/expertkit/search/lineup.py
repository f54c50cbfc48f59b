"""What can be searched in the ways of a grid: every adapter that was trained and has singular vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from expertkit import layout
from expertkit.adapters import Lora
from expertkit.errors import PackagingError
from expertkit.packages.weights import read_trained
from expertkit.recipes import Recipe
from expertkit.recipes.search_grids import read_grid
from expertkit.search.stage import on_grid, trial_files


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is searched: the adapter of an expert for a base, in the ways of a grid."""

    expert: str
    base: str
    grid: str
    """A file of configs/search/."""
    files: Mapping[str, Path]
    """Where each trial lies once it is done, by its key."""

    @property
    def pair(self) -> str:
        """Expert and base in one word, as stages have it."""
        return f"{self.expert}-{self.base}"

    @property
    def folder(self) -> Path:
        """What the search writes."""
        return layout.SEARCHED / self.grid / self.pair

    def missing(self) -> list[str]:
        """The keys of trials that nobody has done."""
        return [key for key, path in self.files.items() if not path.is_file()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineup:
    """What can be searched, of what is asked for."""

    searches: tuple[Search, ...]
    left_out: tuple[str, ...]
    """A line for each pair that cannot."""


def line_up(project: Path, recipes: Sequence[Recipe], *, grid: str) -> Lineup:
    """The searches of a grid.

    Args:
        project: the project's root.
        recipes: whose adapters.
        grid: a file of configs/search/.

    Raises:
        ConfigError: the grid is wrong.
        PackagingError: no adapter is trained that can be compressed.
        FormatError: one is malformed.
    """
    config = read_grid(project, grid)
    found = [_search(project, on_grid(recipe, config), grid) for recipe in recipes]
    left_out = tuple(each for each in found if isinstance(each, str))
    if len(left_out) == len(found):
        message = "search: expected a trained adapter that can be compressed, got none"
        raise PackagingError(message, *left_out, hint="make run")
    return Lineup(searches=tuple(each for each in found if isinstance(each, Search)), left_out=left_out)


def _search(project: Path, recipe: Recipe, grid: str) -> Search | str:
    """The search of a pair, or in words why there is none."""
    try:
        adapter = read_trained(project, recipe.expert, recipe.base)
    except PackagingError:
        return f"{recipe.expert} on {recipe.base}: left out, as it is not trained"
    if not isinstance(adapter, Lora):
        return f"{recipe.expert} on {recipe.base}: left out, as {adapter.kind} has no singular vectors"
    files = trial_files(project, recipe, adapter)
    return Search(expert=recipe.expert, base=recipe.base, grid=grid, files=files)
