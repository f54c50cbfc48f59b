"""``releases/releases.json``: every package that was ever promoted, as ``expert-cli promote`` wrote it down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from expertkit import layout
from expertkit.errors import ConfigError, FormatError, Problem
from expertkit.fields import Entries, Place, read, show
from expertkit.files import open_regular
from expertkit.manifest.kinds import BaseName, Digest, ExpertName, RelativePath, Version
from expertkit.strict_json import loads

_MAX_BYTES = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """One package that was promoted."""

    expert: ExpertName
    version: Version
    base: BaseName
    content_digest: Digest
    """What identifies it, and what its file in ``releases/packages/`` is named by."""
    file: RelativePath
    """The name that it was released under."""

    def describe(self) -> str:
        """Which one it is, for a person."""
        return f"{self.expert} {self.version} for {self.base}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _ReleasesFile:
    """The one key of the file."""

    releases: Annotated[tuple[Released, ...], Entries(key="content_digest")]


def read_releases(project: Path) -> tuple[Released, ...]:
    """What was promoted, in the order of the file; nothing where there is no file.

    Raises:
        ConfigError: the file is no such record, or has one version of an expert for a base twice; all problems at once.
    """
    problems: list[Problem] = []
    releases = find_releases(project, problems)
    if problems:
        raise ConfigError(problems, hint="it is written by expert-cli promote; git has what it was")
    return releases


def find_releases(project: Path, problems: list[Problem]) -> tuple[Released, ...]:
    """What was promoted, or none of it with problems added."""
    path, file = project / layout.RELEASES, str(layout.RELEASES)
    if not path.exists():
        return ()
    place = Place(file, problems, is_json=True)
    try:
        with open_regular(path) as opened:
            value = loads(opened.read(_MAX_BYTES + 1), file=file, max_bytes=_MAX_BYTES)
    except FormatError as error:
        problems.append(error.problem or Problem(file=file, place="", expected="JSON", got=str(error)))
        return ()
    found = read(_ReleasesFile, value, place)
    releases = found.releases if found else ()
    for what, times in Counter(map(Released.describe, releases)).items():
        if times > 1:
            place.at("releases").wrong("each version of an expert once for a base", f"{what} with {times} digests")
    return releases


def check_promoted(previous: Mapping[str, str], releases: Sequence[Released], problems: list[Problem]) -> None:
    """Note the versions that ``previous`` in params.yaml names, by expert, and that were never promoted."""
    for expert, version in previous.items():
        known = sorted({each.version for each in releases if each.expert == expert})
        if version not in known:
            wanted = f"a version of it in {layout.RELEASES} ({', '.join(known) or 'there is none'})"
            place = Place(str(layout.PARAMS), problems, f"previous.{expert}")
            place.wrong(wanted, show(version), known=known, word=version)
