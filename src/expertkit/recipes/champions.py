"""The champions: of each expert the version that params.yaml calls released, for every base it was promoted for."""

from __future__ import annotations

from pathlib import Path

from expertkit import layout
from expertkit.errors import ConfigError, Problem
from expertkit.fields import Place, show
from expertkit.recipes.params import read_params
from expertkit.recipes.releases import Released, find_releases


def read_champions(project: Path) -> tuple[Released, ...]:
    """The released packages, in the order of ``releases/releases.json``.

    Raises:
        ConfigError: params.yaml or ``releases/releases.json`` is wrong, or a version was never promoted; all at once.
    """
    problems: list[Problem] = []
    params, releases = read_params(project, problems), find_releases(project, problems)
    previous = params.previous if params else {}
    for expert, version in previous.items():
        known = sorted({each.version for each in releases if each.expert == expert})
        if version not in known:
            place = Place(str(layout.PARAMS), problems, f"previous.{expert}")
            place.wrong(f"a version in {layout.RELEASES}", show(version), known=known, word=version)
    if problems:
        raise ConfigError(problems)
    return tuple(each for each in releases if previous.get(each.expert) == each.version)
