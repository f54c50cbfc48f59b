"""The champions: of each expert the version that params.yaml calls released, for every base it was promoted for."""

from __future__ import annotations

from pathlib import Path

from expertkit.errors import ConfigError, Problem
from expertkit.recipes.params import read_params
from expertkit.recipes.releases import Released, check_promoted, find_releases


def read_champions(project: Path) -> tuple[Released, ...]:
    """The released packages, in the order of ``releases/releases.json``.

    Raises:
        ConfigError: params.yaml or ``releases/releases.json`` is wrong, or a version was never promoted; all at once.
    """
    problems: list[Problem] = []
    params, releases = read_params(project, problems), find_releases(project, problems)
    previous = params.previous if params else {}
    check_promoted(previous, releases, problems)
    if problems:
        raise ConfigError(problems)
    return tuple(each for each in releases if previous.get(each.expert) == each.version)
