"""Every form, condition and path: what came of each, tried with real processes and what they left compared."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import NamedTuple

from expertkit.files import sha256_file
from expertkit.members.contents import Form
from tests.trust.conditions import CONDITIONS, FORMS, Place
from tests.trust.paths import PATHS
from tests.trust.places import Ended, typed


class Cell(NamedTuple):
    """One case."""

    form: Form
    condition: str
    path: str

    def __str__(self) -> str:
        return "-".join(self).replace(" ", "_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came of a case."""

    ended: Ended
    before: Mapping[str, str]
    """SHA-256 of every file, and the kind of everything else, in project and home."""
    after: Mapping[str, str]


def cells() -> list[Cell]:
    """All of them."""
    return [Cell(*each) for each in product(FORMS, CONDITIONS, PATHS)]


def try_all(places: Mapping[Form, Place], folder: Path) -> dict[Cell, Tried]:
    """Try every path on every spoiled place; the paths of one place one after the other, for none may change it."""
    rows = list(product(FORMS, CONDITIONS))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        done = pool.map(lambda row: list(_try_row(*row, places[row[0]], folder)), rows)
        return {cell: tried for row in done for cell, tried in row}


def _try_row(form: Form, condition: str, good: Place, folder: Path) -> Iterator[tuple[Cell, Tried]]:
    place = good.copy(folder / form / condition.replace(" ", "-"))
    CONDITIONS[condition].of(form).spoil(place)
    for path, way in PATHS.items():
        yield Cell(form, condition, path), attempt(place, *way.words)


def attempt(place: Place, *words: str) -> Tried:
    """Type one command."""
    before = snapshot(place)
    ended = typed(place, *words)
    return Tried(ended=ended, before=before, after=snapshot(place))


def snapshot(place: Place) -> dict[str, str]:
    """All that lies in project and home, but for locks."""
    found = [*place.project.rglob("*"), *place.home.rglob("*")]
    return {str(path.relative_to(place.folder)): _kind(path) for path in found if path.name != ".lock"}


def _kind(path: Path) -> str:
    if path.is_symlink():
        return f"link to {path.readlink()}"
    return sha256_file(path) if path.is_file() else "folder"
