"""Promotion: what lies in ``dist/`` becomes the released version of its expert, for good.

A version of an expert for a base means one content digest for ever: what somebody has installed under that number is
what it always was. Packages that were promoted stay in ``releases/packages/``, named by their digest.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from expertkit import layout
from expertkit.errors import ExpertError, IntegrityError, PackagingError, SignatureError
from expertkit.files import atomic_write, required, write_bytes, write_json
from expertkit.packages.failures import merged
from expertkit.packages.releasing.release import INDEX, Release, Shipped, read_index
from expertkit.packages.vouching.verify import verify
from expertkit.recipes.previous import with_previous
from expertkit.recipes.releases import Released, read_releases
from expertkit.signing.trust import Verifier

RESTORE = f"dvc pull {layout.RELEASED}.dvc, or copy it there from where it was promoted"
"""What brings back a package that was promoted and is not here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """What a promotion comes to."""

    new: tuple[Released, ...]
    """Packages that were not promoted before."""
    known: tuple[Released, ...]
    """Packages that were."""
    params: str
    """The text of params.yaml afterwards."""

    @property
    def packages(self) -> tuple[Released, ...]:
        """All of them."""
        return (*self.new, *self.known)

    @property
    def previous(self) -> Mapping[str, str]:
        """The version of each expert that is the released one from now on."""
        return {each.expert: each.version for each in self.packages}

    def to_json(self) -> dict[str, Any]:
        """What was promoted, as JSON values."""
        rows = {"new": [asdict(each) for each in self.new], "known": [asdict(each) for each in self.known]}
        return {**rows, "previous": dict(self.previous)}


def plan_promotion(project: Path, experts: Sequence[str], *, verifier: Verifier) -> Promotion:
    """What promoting these experts would come to; nothing is written.

    Args:
        project: its root.
        experts: their names; all experts of ``dist/`` when empty.
        verifier: who looks at the packages.

    Raises:
        PackagingError: there is nothing to promote, a pair of an expert was refused, or its version was released with
            other content; all conflicts at once.
        SignatureError: nothing else is wrong than that packages do not verify.
        ConfigError, FormatError: params.yaml or releases.json is wrong.
    """
    required(project / layout.DIST / INDEX, hint="make run")
    rows, before = read_index(project), read_releases(project)
    asked = [row for row in rows if not experts or row.judged.expert in experts]
    clashing = clashes(asked, before)
    conflicts = [
        *map(PackagingError, _absent(experts, rows)), *_unfit(project, asked, verifier=verifier),
        *map(PackagingError, clashing),
    ]  # fmt: skip
    if conflicts:
        hint = next((each.hint for each in conflicts if each.hint), "make run")
        raise merged(
            conflicts, hint="raise the version in experts/<name>/manifest.json, then make run" if clashing else hint
        )
    packages = released(asked)
    digests = {each.content_digest for each in before}
    text = (project / layout.PARAMS).read_bytes().decode()
    return Promotion(
        new=tuple(each for each in packages if each.content_digest not in digests),
        known=tuple(each for each in packages if each.content_digest in digests),
        params=with_previous(text, {each.expert: each.version for each in packages}),
    )


def promote(project: Path, promotion: Promotion) -> None:
    """Write what was planned: packages, then ``releases.json``, then params.yaml; whoever was stopped does it again."""
    for each in promotion.packages:
        _keep(project / layout.DIST / each.file, project / released_place(each))
    if promotion.new:
        rows = sorted((*read_releases(project), *promotion.new), key=lambda row: (row.expert, row.base, row.version))
        write_json(project / layout.RELEASES, {"releases": [asdict(row) for row in rows]})
    params, text = project / layout.PARAMS, promotion.params.encode()
    if params.read_bytes() != text:
        write_bytes(params, text)


def clashes(releases: Sequence[Release], before: Sequence[Released]) -> list[str]:
    """A line for each package of ``dist/`` that has the version of one that was promoted before, and other content."""
    digests = {each.describe(): each.content_digest for each in before}
    return [
        f"{each.describe()}: expected content digest {digest[:12]}, as it was released, got {each.content_digest[:12]}"
        for each in released(releases)
        if (digest := digests.get(each.describe(), each.content_digest)) != each.content_digest
    ]


def released(releases: Sequence[Release]) -> tuple[Released, ...]:
    """What passed the gate, as it would stand on record."""
    return tuple(_released(row, row.package) for row in releases if row.package)


def released_place(package: Released) -> Path:
    """Where a package that was promoted is kept, from the project's root."""
    return layout.RELEASED / f"{package.content_digest}{layout.PACKAGE_SUFFIX}"


def released_package(project: Path, package: Released) -> Path:
    """The file of a package that was promoted.

    Raises:
        PackagingError: it is not here.
    """
    path = project / released_place(package)
    if not path.is_file():
        raise PackagingError(f"{path}: expected the package of {package.describe()}, got no such file", hint=RESTORE)
    return path


def _released(row: Release, package: Shipped) -> Released:
    judged = row.judged
    return Released(
        expert=judged.expert,
        version=judged.version,
        base=judged.base,
        content_digest=package.content_digest,
        file=package.file,
    )


def _absent(experts: Sequence[str], rows: Sequence[Release]) -> Iterator[str]:
    known = sorted({row.judged.expert for row in rows})
    for expert in sorted({*experts}.difference(known)):
        yield f"{layout.DIST / INDEX}: expected {expert}, got {', '.join(known)}"


def _unfit(project: Path, rows: Sequence[Release], *, verifier: Verifier) -> Iterator[ExpertError]:
    """Why these cannot be promoted, whatever was promoted before."""
    for row in rows:
        if row.package is None:
            yield PackagingError(row.judged.describe())
        else:
            yield from _unsound(project / layout.DIST, _released(row, row.package), verifier=verifier)


def _unsound(dist: Path, listed: Released, *, verifier: Verifier) -> Iterator[ExpertError]:
    path = dist / listed.file
    if not path.is_file():
        yield PackagingError(f"{path}: expected the package of {listed.describe()}, got no such file")
        return
    try:
        verified = verify(path, verifier=verifier)
    except (SignatureError, IntegrityError) as error:
        yield error
        return
    said, digest = verified.statement, verified.contents.content_digest
    found = (said.name, said.version, said.base.name, digest)
    if found != (listed.expert, listed.version, listed.base, listed.content_digest):
        wanted = f"{listed.describe()}, content digest {listed.content_digest[:12]}"
        got = f"{said.name} {said.version} for {said.base.name}, {digest[:12]}"
        yield PackagingError(f"{path}: expected {wanted}, got {got}")


def _keep(source: Path, target: Path) -> None:
    if not target.is_file():
        with source.open("rb") as package, atomic_write(target) as file:
            shutil.copyfileobj(package, file)
