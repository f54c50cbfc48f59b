"""An expert read out of its package is the one that was packed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from expertkit import layout
from expertkit.adapters import encode_tensors
from expertkit.bases import fingerprint
from expertkit.errors import CompatibilityError, FormatError, IntegrityError, PackagingError
from expertkit.packages.packaged import open_packaged, open_released
from expertkit.packages.weights import read_adapter
from expertkit.recipes import Recipe
from expertkit.recipes.recipe import Previous
from tests.packages.builders import RECIPE, WEIGHTS, make_project, pack, put

RELEASED = layout.RELEASED


def test_the_adapter_is_the_packed_one(tmp_path: Path) -> None:
    """Its values, its base, and how that is asked."""
    project = make_project(tmp_path)
    opened = open_packaged(pack(project))

    assert encode_tensors(opened.adapter) == encode_tensors(read_adapter(project / WEIGHTS, hint=""))
    assert (opened.base.name, opened.base.prompt_template) == (RECIPE.base, RECIPE.prompt_template)
    assert len(opened.content_digest) == 64


def test_what_is_no_package_is_not_opened(tmp_path: Path) -> None:
    """The reader's error, as everywhere."""
    path = tmp_path / "a.expert"
    path.write_bytes(b"no package")

    with pytest.raises(FormatError):
        open_packaged(path)


def release(project: Path, *, version: str = "1.0.0", digest: str | None = None) -> Recipe:
    """Put the project's package among its releases; a recipe that is to be compared with it."""
    path = pack(project)
    found = open_packaged(path).content_digest
    previous = Previous(version=version, content_digest=digest or found)
    put(project / RELEASED / f"{previous.content_digest}.expert", path.read_bytes())
    return replace(RECIPE, version="1.1.0", evaluate=replace(RECIPE.evaluate, previous=previous))


def base_of(project: Path) -> str:
    """The fingerprint of the project's base."""
    return fingerprint(project / "models/nano")


def test_the_release_before_is_opened_by_its_digest(tmp_path: Path) -> None:
    """The one that the recipe names, for the base at hand; where it names none, none is opened."""
    project = make_project(tmp_path)
    recipe = release(project)

    opened = open_released(project, recipe, fingerprint=base_of(project))

    assert opened is not None
    assert opened.checked.manifest.version == "1.0.0"
    assert open_released(project, RECIPE, fingerprint=base_of(project)) is None


def test_a_missing_release_is_named_with_what_helps(tmp_path: Path) -> None:
    """By version and file, before anybody is asked anything."""
    project = make_project(tmp_path)
    recipe = release(project)
    next((project / RELEASED).iterdir()).unlink()

    with pytest.raises(PackagingError, match=r"expected expert-mini 1\.0\.0, got no such file") as refusal:
        open_released(project, recipe, fingerprint=base_of(project))

    assert refusal.value.hint == "bring it back, or take expert-mini out of previous in params.yaml"


@pytest.mark.parametrize(
    ("version", "digest", "got"),
    [("1.0.0", "a" * 64, "expected content aaaa"), ("0.9.0", None, "got expert-mini 1.0.0")],
)
def test_another_package_is_not_the_release(tmp_path: Path, version: str, digest: str | None, got: str) -> None:
    """Neither one of another content nor one that the list calls by another version."""
    project = make_project(tmp_path)
    recipe = release(project, version=version, digest=digest)

    with pytest.raises(IntegrityError, match=got):
        open_released(project, recipe, fingerprint=base_of(project))


def test_a_release_for_another_base_is_refused(tmp_path: Path) -> None:
    """The same name with other weights is another base."""
    project = make_project(tmp_path)

    with pytest.raises(CompatibilityError, match="expected a release for nano of ffff"):
        open_released(project, release(project), fingerprint="f" * 64)
