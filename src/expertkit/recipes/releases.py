"""What was released: a list in git, read here; who writes it is not this module's concern."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from expertkit import layout
from expertkit.errors import ConfigError, FormatError, Problem
from expertkit.fields import Place, read_any
from expertkit.files import open_regular
from expertkit.manifest.kinds import BaseName, Digest, ExpertName, Version, Words
from expertkit.strict_json import MAX_BYTES, loads


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """One package that was released."""

    expert: ExpertName
    version: Version
    base: BaseName
    content_digest: Digest
    """What its package is called by."""
    file: Words
    """The name that the package had in dist/."""


def read_releases(project: Path) -> tuple[Released, ...]:
    """Every release of a project, in the order of the list; none where there is no list.

    Raises:
        ConfigError: the list is malformed; all problems at once.
    """
    problems: list[Problem] = []
    released = find_releases(project, problems)
    if problems:
        raise ConfigError(problems)
    return released


def find_releases(project: Path, problems: list[Problem]) -> tuple[Released, ...]:
    """Every release of a project, or none of them with problems added."""
    path, file = project / layout.RELEASES, str(layout.RELEASES)
    if not path.exists():
        return ()
    try:
        with open_regular(path) as opened:
            value = loads(opened.read(MAX_BYTES + 1), file=file)
    except FormatError as error:
        problems.append(error.problem or Problem(file=file, place="", expected="a list of releases", got=str(error)))
        return ()
    return read_any(tuple[Released, ...], value, Place(file, problems, is_json=True)) or ()
