"""A publisher's project and home with a good package in it, made by the commands that people type."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from expertkit.members.contents import Form
from expertkit.packages.making.build import build, prepare
from expertkit.packages.releasing.release import release
from expertkit.packages.signing.sign import Signer, sign_file
from expertkit.packages.writing import Built
from expertkit.recipes import Recipe
from expertkit.signing import keys
from expertkit.signing.certificates.reading import read_pem
from expertkit.signing.trust import Occasion, Verifier
from tests.packages.builders import MANIFEST, RECIPE, judge, make_project, put
from tests.trust.conditions import NAME, Place

PROGRAM = Path(sys.executable).with_name("expert-cli")
_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What came of a command."""

    status: int
    output: str
    errors: str


def typed(place: Place, *words: str) -> Ended:
    """Type a command in a project, as the owner of the home."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("EXPERTKIT_")}
    done = subprocess.run(
        [str(PROGRAM), *words], cwd=place.project, env=own | {"EXPERTKIT_HOME": str(place.home)}, text=True,
        capture_output=True, check=False, timeout=_SECONDS,
    )  # fmt: skip
    return Ended(status=done.returncode, output=done.stdout, errors=done.stderr)


def make_place(folder: Path, form: Form) -> Place:
    """A place with a good package, which lies in ``build/signed/`` and is released to ``dist/``."""
    place = Place(folder=folder, form=form)
    project = make_project(place.project)
    put(project / "params.yaml", b"experts: [expert-mini]\n")
    made = typed(place, "keygen", "--ensure")
    assert made.status == 0, made.errors
    recipe = replace(RECIPE, package=replace(RECIPE.package, format=form))
    put(project / f"build/recipes/{recipe.key}.json", recipe.to_json())
    _pack(place, recipe, "good")
    put(project / "experts/expert-mini/README.md", b"# another expert-mini\n")
    _pack(place, recipe, "other")
    newer = replace(recipe, version="1.1.0")
    put(project / "experts/expert-mini/manifest.json", {**MANIFEST, "version": newer.version})
    judge(project, recipe=newer)
    _pack(place, newer, "newer")
    named = place.unsigned().with_name(NAME)
    place.unsigned().rename(named)
    sign_file(named, output=place.package.parent, whole=False, signer=_signer(place))
    named.rename(place.unsigned())
    trust = place.store.read()
    seen = Occasion(at=datetime.now(UTC))
    release(project, verifier=Verifier(trust=trust, occasion=seen, revoked=place.store.revoked))
    return place


def _pack(place: Place, recipe: Recipe, name: str) -> None:
    built = build(prepare(place.project, recipe), output=place.folder / "unsigned")
    assert isinstance(built, Built)
    built.path.rename(place.unsigned(name))
    built.path.with_name(f"{built.path.name}.sha256").unlink()


def _signer(place: Place) -> Signer:
    path = place.home / "publisher.key"
    chain = read_pem(keys.certificates_path(path).read_bytes(), what="certificates")
    return Signer(
        private=place.private, public=keys.load_public(keys.public_path(path)), ledger=place.home / "ledger.json",
        at=datetime.now(UTC), valid_days=30, chain=chain,
    )  # fmt: skip
