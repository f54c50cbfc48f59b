"""Who is examined in a night: of every expert and base the champion, and the challenger where it is another package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from expertkit.errors import PackagingError
from expertkit.packages.releasing.promotion import RESTORE
from expertkit.packages.releasing.standing import Role, Standing, standings


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """The packages of one expert for one base, which are asked the same."""

    expert: str
    base: str
    packages: Mapping[Role, Path]
    """By what they are, the champion first."""

    @property
    def key(self) -> str:
        """The name of the pair: ``<expert>-<base>``."""
        return f"{self.expert}-{self.base}"


def line_up(project: Path, pairs: Sequence[tuple[str, str]]) -> tuple[Sitting, ...]:
    """The sittings of these pairs of expert and base, in their order; a pair without a package has none.

    Raises:
        PackagingError: no pair has a package, or a package is not here; all of them at once.
        ConfigError, FormatError: params.yaml, ``releases.json`` or the index of ``dist/`` is wrong.
    """
    found = [each for each in standings(project) if each.pair in pairs]
    if not found:
        raise PackagingError("dist/ and releases/: expected a package to examine, got none", hint="make run")
    missing = [each for each in found if not (project / each.path).is_file()]
    if missing:
        lines = (f"{each.path}: expected {each.role} {each.package.describe()}, got no such file" for each in missing)
        raise PackagingError(*lines, hint=RESTORE if missing[0].role == "champion" else "make run")
    sittings = (_sit(pair, [each for each in found if each.pair == pair]) for pair in pairs)
    return tuple(sitting for sitting in sittings if sitting.packages)


def _sit(pair: tuple[str, str], stands: Sequence[Standing]) -> Sitting:
    first = {each.package.content_digest: each for each in reversed(stands)}
    packages = {each.role: each.path for each in stands if each is first[each.package.content_digest]}
    return Sitting(expert=pair[0], base=pair[1], packages=packages)
