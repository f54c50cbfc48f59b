"""An expert in whatever form it lies there: a manifest alone, a folder, a package of ours or of another program."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from expertkit import layout
from expertkit.manifest import Manifest, Reading, load
from expertkit.recipes.experts import check_folder, read_text

if TYPE_CHECKING:
    from expertkit.packages.reading.checked import Checked

Kind = Literal["manifest", "folder", "package", "legacy package"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An expert that was checked, but for who vouches for it."""

    path: Path
    kind: Kind
    reading: Reading
    package: Checked | None = None
    """What else is known of it, if it is a package."""

    @property
    def manifest(self) -> Manifest:
        """The expert's manifest."""
        return self.reading.manifest


def open_expert(path: Path, *, compatible: bool = False) -> Opened:
    """Check the manifest, folder or package at ``path``.

    Args:
        path: where it lies; a package is recognized by its suffix.
        compatible: whether to put up with what others made: see ``manifest.load`` and ``open_legacy``.

    Raises:
        ExpertError: it is not sound.
    """
    if path.is_dir():
        return Opened(path=path, kind="folder", reading=check_folder(path, compatible=compatible))
    if path.suffix == layout.PACKAGE_SUFFIX:
        return _open_package(path, compatible=compatible)
    return Opened(path=path, kind="manifest", reading=load(read_text(path), file=str(path), compatible=compatible))


def _open_package(path: Path, *, compatible: bool) -> Opened:
    """Which form a package has is said by how it begins, and never by what else is wrong with it."""
    from expertkit.archives.archive import recognize  # numpy comes with these, which a manifest does not need
    from expertkit.packages.reading.canonical import open_canonical
    from expertkit.packages.reading.legacy import open_legacy

    if compatible and recognize(path) == "legacy":
        checked = open_legacy(path)
        return Opened(path=path, kind="legacy package", reading=checked.reading, package=checked)
    checked = open_canonical(path, compatible=compatible)
    return Opened(path=path, kind="package", reading=checked.reading, package=checked)
