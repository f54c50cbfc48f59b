"""An expert in whatever form it lies there: a manifest alone, a folder, a package of ours or of another program."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from expertkit import layout
from expertkit.archives import gzip
from expertkit.containers import header
from expertkit.errors import IntegrityError
from expertkit.files import open_regular
from expertkit.manifest import Manifest, Reading, load
from expertkit.recipes.experts import check_folder, read_text

if TYPE_CHECKING:
    from expertkit.packages.reading.checked import Checked
    from expertkit.packages.reading.container import Outline

Kind = Literal["manifest", "folder", "archive", "container", "legacy package"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An expert that was checked, but for who vouches for it."""

    path: Path
    kind: Kind
    reading: Reading
    package: Checked | None = None
    """What else is known of it, if it is a package that was read whole."""
    outline: Outline | None = None
    """What is known of a container without its sections."""

    @property
    def manifest(self) -> Manifest:
        """The expert's manifest."""
        return self.reading.manifest


def open_expert(path: Path, *, compatible: bool = False, is_whole: bool = True) -> Opened:
    """Check the manifest, folder or package at ``path``.

    Args:
        path: where it lies; which form it has is said by its first bytes.
        compatible: whether to put up with what others made: see ``manifest.load`` and ``open_legacy``.
        is_whole: whether to read the sections of a container too; every other form is always read whole.

    Raises:
        ExpertError: it is not sound.
    """
    if path.is_dir():
        return Opened(path=path, kind="folder", reading=check_folder(path, compatible=compatible))
    if begins_as(path) or path.suffix == layout.PACKAGE_SUFFIX:
        return _open_package(path, compatible=compatible, is_whole=is_whole)
    return Opened(path=path, kind="manifest", reading=load(read_text(path), file=str(path), compatible=compatible))


def _open_package(path: Path, *, compatible: bool, is_whole: bool) -> Opened:
    """Which form a package has is said by how it begins, and never by what else is wrong with it."""
    from expertkit.packages.reading import container  # numpy comes with these, which a manifest does not need
    from expertkit.packages.reading.canonical import open_canonical
    from expertkit.packages.reading.forms import recognize
    from expertkit.packages.reading.legacy import open_legacy

    form = recognize(path)
    if compatible and form == "legacy":
        checked = open_legacy(path)
        return Opened(path=path, kind="legacy package", reading=checked.reading, package=checked)
    if form != "container":
        checked = open_canonical(path, compatible=compatible)
        return Opened(path=path, kind="archive", reading=checked.reading, package=checked)
    with container.open_container(path) as found:
        outline = container.outline(found, file=str(path), compatible=compatible)
    whole = open_canonical(path, compatible=compatible) if is_whole else None
    if whole is not None and whole.contents.root != outline.root:
        raise IntegrityError(f"{path}: expected the container that was opened, got another one", hint="try again")
    return Opened(path=path, kind="container", reading=outline.reading, package=whole, outline=outline)


def describe_form(path: Path) -> str | None:
    """What a file begins as, in words, with the version of a container's format; None if not as a package."""
    form = begins_as(path)
    if form != "container":
        return form and "archive, tar.gz"
    with open_regular(path) as file:
        major, minor = header.version(file.read(header.SIZE))
    return f"container, format {major}.{minor}"


def preload(path: Path) -> None:
    """Load what reads packages, if one is asked for, so that what follows can be timed without it."""
    if path.is_file() and begins_as(path):
        importlib.import_module("expertkit.packages.reading.canonical")
        importlib.import_module("zstandard")


def begins_as(path: Path) -> Literal["container", "archive"] | None:
    """What a file begins as, None if not as a package; what follows may still be wrong."""
    with open_regular(path) as file:
        head = file.read(len(header.MAGIC))
    if head.startswith(gzip.MAGIC):
        return "archive"
    return "container" if head == header.MAGIC else None
