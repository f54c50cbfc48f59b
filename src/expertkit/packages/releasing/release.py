"""Stage ``release``: the signed packages side by side in ``dist/``, with an index of all verdicts."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from expertkit import layout
from expertkit.errors import IntegrityError, PackagingError
from expertkit.files import read_json, replace_folder, write_json
from expertkit.packages.names import EVALUATION, REPLAY
from expertkit.packages.output import find_package, signed_folders
from expertkit.packages.report import Judged, from_json, parse_report, read_refusal
from expertkit.packages.sidecar import write_sidecar
from expertkit.packages.vouching.verify import verify
from expertkit.signing.trust import Verifier

INDEX = "index.json"
"""What is in dist/, in dist/."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """A package in dist/."""

    file: str
    """Its name."""
    bytes: int
    content_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One expert for one base: shipped, or refused."""

    judged: Judged
    package: Shipped | None
    """None when it was refused."""

    def to_json(self) -> dict[str, Any]:
        """One row of the index; the keys of a package are null where there is none."""
        none = dict.fromkeys(Shipped.__dataclass_fields__)
        return {**self.judged.to_json(), **(asdict(self.package) if self.package else none)}


def release(project: Path, *, verifier: Verifier) -> tuple[Release, ...]:
    """Replace ``dist/`` by what lies in ``build/signed/``, every package verified; sorted by expert and base.

    What was signed for an expert or base that no recipe names any more is left out.

    Raises:
        PackagingError: nothing was signed, or not asked again what was recorded of it.
        SignatureError, IntegrityError: a package is not sound, or nobody who is trusted vouches for it.
    """
    folders = signed_folders(project)
    if not folders:
        raise PackagingError(f"{project / layout.SIGNED}: expected signed packages, got none", hint="make run")
    with replace_folder(project / layout.DIST) as dist:
        found = [_collect(folder, dist, verifier=verifier) for folder in folders]
        releases = tuple(sorted(found, key=lambda each: (each.judged.expert, each.judged.base)))
        write_json(dist / INDEX, {"releases": [each.to_json() for each in releases]})
    return releases


def read_index(project: Path) -> tuple[Release, ...]:
    """What ``dist/`` holds."""
    path = project / layout.DIST / INDEX
    return tuple(
        Release(
            judged=from_json(row, file=str(path)),
            package=Shipped(**{key: row[key] for key in Shipped.__dataclass_fields__}) if row["file"] else None,
        )
        for row in read_json(path)["releases"]
    )


def _collect(folder: Path, dist: Path, *, verifier: Verifier) -> Release:
    refused = read_refusal(folder)
    if refused is not None:
        return Release(judged=refused, package=None)
    package = find_package(folder, hint="make run")
    verified = verify(package, verifier=verifier)
    if REPLAY in verified.contents.members:
        _check_replayed(folder.name, folder.parents[2], digest=verified.contents.content_digest)
    shutil.copyfile(package, dist / package.name)
    write_sidecar(dist / package.name)
    report = parse_report(verified.contents.kept[EVALUATION], file=f"{package}: {EVALUATION}")
    said = verified.statement
    signed, judged = (said.name, said.base.name, said.version), report.judged
    if signed != (judged.expert, judged.base, judged.version):
        raise IntegrityError(f"{package}: expected an evaluation of {' '.join(signed)}, got {judged.describe()}")
    digest = verified.contents.content_digest
    return Release(
        judged=judged, package=Shipped(file=package.name, bytes=package.stat().st_size, content_digest=digest)
    )


def _check_replayed(key: str, project: Path, *, digest: str) -> None:
    """Nothing that has recorded answers leaves here without having given them again."""
    path = project / layout.REPLAY / key / layout.REPLAYED
    found = read_json(path)["content_digest"] if path.is_file() else "no such file"
    if found != digest:
        raise PackagingError(f"{path}: expected package {digest} to have been asked, got {found}", hint="make run")
