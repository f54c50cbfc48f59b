"""An expert as it was shipped: its adapter and how it is asked, read out of a package."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from expertkit import layout, strict_json
from expertkit.adapters import CONFIG, Adapter
from expertkit.bases import BaseModel
from expertkit.errors import CompatibilityError, IntegrityError, PackagingError
from expertkit.manifest import BaseEntry
from expertkit.packages import carriers
from expertkit.packages.reading.canonical import open_canonical
from expertkit.packages.reading.checked import Checked
from expertkit.packages.reading.forms import read_members
from expertkit.recipes import Recipe
from expertkit.recipes.recipe import Previous


@dataclass(frozen=True, slots=True, kw_only=True)
class Packaged:
    """A package that was checked, but for who vouches for it, with its adapter in memory."""

    checked: Checked
    adapter: Adapter

    @property
    def base(self) -> BaseEntry:
        """The base it is for: its name, its fingerprint, and how a question is put to it."""
        (entry,) = self.checked.manifest.base_models
        return entry

    def base_model(self, folder: Path) -> BaseModel:
        """The same base, to be found in a folder."""
        name, fingerprint = self.base.name, self.base.sha256
        return BaseModel(name=name, path=str(folder), hub=None, revision=None, fingerprint=fingerprint)

    @property
    def content_digest(self) -> str:
        """What identifies it."""
        return self.checked.contents.content_digest


def open_packaged(path: Path) -> Packaged:
    """The expert in a package of our own form.

    Raises:
        FormatError, ManifestError, IntegrityError: the package is not sound.
    """
    checked = open_canonical(path)
    (carrier,) = checked.weights.values()
    kept = read_members(path, checked.contents, names={carrier, CONFIG})
    config = strict_json.loads(bytes(kept[CONFIG]), file=f"{path}: {CONFIG}")
    return Packaged(checked=checked, adapter=carriers.decode(carrier, kept[carrier], config))


def open_released(project: Path, recipe: Recipe, *, fingerprint: str) -> Packaged | None:
    """The release that a recipe is compared with; none where the recipe names none.

    Args:
        project: its releases/ holds the package.
        recipe: which names version and content digest.
        fingerprint: of the base at hand, which the release has to be for.

    Raises:
        PackagingError: the package is not there.
        IntegrityError: it is another one, or not sound; FormatError and ManifestError say the latter too.
        CompatibilityError: it is for another base.
    """
    wanted = recipe.evaluate.previous
    if wanted is None:
        return None
    path = project / layout.RELEASED / f"{wanted.content_digest}{layout.PACKAGE_SUFFIX}"
    hint = f"bring it back, or take {recipe.expert} out of previous in {layout.PARAMS}"
    if not path.is_file():
        raise PackagingError(f"{path}: expected {recipe.expert} {wanted.version}, got no such file", hint=hint)
    found = open_packaged(path)
    _check_release(path, found, recipe, wanted)
    if found.base.sha256 != fingerprint:
        raise CompatibilityError(
            f"{path}: expected a release for {recipe.base} of {fingerprint}, got one for {found.base.sha256}",
            hint=f"take {recipe.expert} out of previous in {layout.PARAMS}: no release is for this base",
        )
    return found


def _check_release(path: Path, found: Packaged, recipe: Recipe, wanted: Previous) -> None:
    """The package must be the one that was released."""
    if found.content_digest != wanted.content_digest:
        raise IntegrityError(f"{path}: expected content {wanted.content_digest}, got {found.content_digest}")
    manifest = found.checked.manifest
    about, got = (recipe.expert, wanted.version, recipe.base), (manifest.name, manifest.version, found.base.name)
    if about != got:
        raise IntegrityError(f"{path}: expected {' '.join(about)}, got {' '.join(got)}", hint=f"see {layout.RELEASES}")
