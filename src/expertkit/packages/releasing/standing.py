"""Where the packages of a project stand: the champions that were promoted, and the challengers in ``dist/``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from expertkit import layout
from expertkit.packages.releasing.promotion import released, released_place
from expertkit.packages.releasing.release import INDEX, read_index
from expertkit.recipes.champions import read_champions
from expertkit.recipes.releases import Released

Role = Literal["champion", "challenger"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A package of an expert for a base, and what it is there."""

    role: Role
    package: Released
    path: Path
    """From the project's root. A champion's file may not be there: it is not in git."""

    @property
    def pair(self) -> tuple[str, str]:
        """The expert and the base."""
        return (self.package.expert, self.package.base)


def standings(project: Path) -> tuple[Standing, ...]:
    """The champion and the challenger of every expert and base, as far as there are any, champions first.

    Raises:
        ConfigError, FormatError: params.yaml, ``releases.json`` or the index of ``dist/`` is wrong.
    """
    return (*_champions(project), *_challengers(project))


def _champions(project: Path) -> Iterator[Standing]:
    for package in read_champions(project):
        yield Standing(role="champion", package=package, path=released_place(package))


def _challengers(project: Path) -> Iterator[Standing]:
    if (project / layout.DIST / INDEX).is_file():
        for package in released(read_index(project)):
            yield Standing(role="challenger", package=package, path=layout.DIST / package.file)
