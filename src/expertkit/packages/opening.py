"""An expert in whatever form it lies there: a manifest alone, a folder, a package of ours or of another program."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from expertkit.errors import FormatError
from expertkit.manifest import Manifest, Reading, load
from expertkit.recipes.experts import check_folder

if TYPE_CHECKING:
    from expertkit.packages.archive import Contents

Kind = Literal["manifest", "folder", "package", "legacy package"]
SUFFIX = ".expert"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An expert that was checked, but for who vouches for it."""

    path: Path
    kind: Kind
    reading: Reading
    contents: Contents | None
    """What is in the package, if it is one."""

    @property
    def manifest(self) -> Manifest:
        """The expert's manifest."""
        return self.reading.manifest


def open_expert(path: Path, *, compatible: bool = False) -> Opened:
    """Check the manifest, folder or package at ``path``.

    Args:
        path: where it lies; a package is recognized by its suffix.
        compatible: whether to put up with what others made: see ``manifest.load`` and ``check_legacy``.

    Raises:
        ExpertError: it is not sound.
    """
    if path.suffix == SUFFIX:
        return _open_package(path, compatible=compatible)
    if path.is_dir():
        reading = check_folder(path, compatible=compatible)
        return Opened(path=path, kind="folder", reading=reading, contents=None)
    reading = load(path.read_bytes(), file=str(path), compatible=compatible)
    return Opened(path=path, kind="manifest", reading=reading, contents=None)


def _open_package(path: Path, *, compatible: bool) -> Opened:
    from expertkit.packages.legacy import check_legacy  # numpy comes with these, which a manifest does not need
    from expertkit.packages.verify import check_archive

    try:
        checked = check_archive(path)
    except FormatError as error:
        if compatible:
            contents, reading = check_legacy(path)
            return Opened(path=path, kind="legacy package", reading=reading, contents=contents)
        hint = f"expert-cli validate --compatible {path} reads what other programs packed" if _is_gzip(path) else None
        raise FormatError(str(error), offset=error.offset, hint=error.hint or hint) from error
    reading = Reading(manifest=checked.manifest, warnings=())
    return Opened(path=path, kind="package", reading=reading, contents=checked.contents)


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"
