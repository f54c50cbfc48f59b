"""configs/search/<name>.yaml: other ways to compress than those that params.yaml has tried for a release."""

from __future__ import annotations

from pathlib import Path

from expertkit import layout
from expertkit.errors import ConfigError, Problem
from expertkit.fields import Place, read
from expertkit.recipes.recipe import SearchConfig
from expertkit.recipes.strict_yaml import load_file


def read_grid(project: Path, name: str) -> SearchConfig:
    """What a file of configs/search/ has tried.

    Raises:
        ConfigError: there is no such file, or it is wrong; all problems at once.
    """
    folder, problems = project / layout.SEARCHES, list[Problem]()
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    place = Place(f"{layout.SEARCHES}/{name}.yaml", problems)
    if name not in known:
        place.wrong(f"a file of {layout.SEARCHES}/", "no such file", known=known, word=name)
        raise ConfigError(problems)
    value = load_file(folder / f"{name}.yaml", place)
    found = read(SearchConfig, {} if value is None else value, place) if not problems else None
    if found is None:
        raise ConfigError(problems)
    return found
