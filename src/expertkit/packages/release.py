"""Stage ``release``: the signed packages side by side in ``dist/``, with an index of all verdicts."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from expertkit.errors import PackagingError
from expertkit.files import replace_folder, write_json
from expertkit.packages.names import EVALUATION
from expertkit.packages.output import find_package
from expertkit.packages.report import Refusal, parse_report, read_refusal
from expertkit.packages.sidecar import sidecar
from expertkit.packages.verify import verify
from expertkit.recipes.store import FOLDER as RECIPES
from expertkit.signing import PublicKey

INDEX = "index.json"
FOLDER = Path("dist")


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One expert for one base: released, or refused."""

    expert: str
    version: str
    base: str
    file: str | None
    """Name of the package in dist/; null when it was refused."""
    bytes: int | None
    content_digest: str | None
    base_score: float
    expert_score: float
    p_value: float
    verdict: str
    """``accepted`` or ``refused``."""
    reasons: tuple[str, ...]


def release(project: Path, *, trusted: PublicKey, at: datetime) -> tuple[Release, ...]:
    """Replace ``dist/`` by what lies in ``build/signed/``, every package verified; sorted by expert and base.

    What was signed for an expert or base that no recipe names any more is left out.

    Raises:
        PackagingError: nothing was signed.
        SignatureError, IntegrityError: a package is not sound, or not signed by ``trusted``.
    """
    signed = project / "build" / "signed"
    current = {path.stem for path in (project / RECIPES).glob("*.json")}
    folders = sorted(path for path in signed.glob("[!.]*") if path.name in current)
    if not folders:
        raise PackagingError(f"{signed}: expected signed packages, got none", hint="make run")
    with replace_folder(project / FOLDER) as dist:
        found = [_collect(folder, dist, trusted=trusted, at=at) for folder in folders]
        releases = tuple(sorted(found, key=lambda each: (each.expert, each.base)))
        write_json(dist / INDEX, {"releases": [asdict(each) for each in releases]})
    return releases


def _collect(folder: Path, dist: Path, *, trusted: PublicKey, at: datetime) -> Release:
    refused = read_refusal(folder)
    if refused is not None:
        return _refused(refused)
    package = find_package(folder, hint="expert-cli sign")
    verified = verify(package, trusted=trusted, at=at)
    for path in (package, sidecar(package)):
        shutil.copyfile(path, dist / path.name)
    report = parse_report(verified.contents.kept[EVALUATION], file=f"{package}: {EVALUATION}")
    return Release(
        expert=verified.statement.name,
        version=verified.statement.version,
        base=verified.statement.base.name,
        file=package.name,
        bytes=package.stat().st_size,
        content_digest=verified.contents.content_digest,
        base_score=report.base_score,
        expert_score=report.expert_score,
        p_value=report.p_value,
        verdict=report.verdict,
        reasons=report.reasons,
    )


def _refused(refused: Refusal) -> Release:
    return Release(**asdict(refused), file=None, bytes=None, content_digest=None, verdict="refused")
