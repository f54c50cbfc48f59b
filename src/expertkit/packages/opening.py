"""An expert in whatever form it lies there: a manifest alone, a folder, a package of ours or of another program."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from expertkit.errors import FormatError
from expertkit.manifest import Manifest, Reading, load
from expertkit.recipes.experts import check_folder, read_text

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
    if path.is_dir():
        reading = check_folder(path, compatible=compatible)
        return Opened(path=path, kind="folder", reading=reading, contents=None)
    if path.suffix == SUFFIX:
        return _open_package(path, compatible=compatible)
    reading = load(read_text(path), file=str(path), compatible=compatible)
    return Opened(path=path, kind="manifest", reading=reading, contents=None)


def _open_package(path: Path, *, compatible: bool) -> Opened:
    """Which form a package has is said by how it begins, and never by what else is wrong with it."""
    from expertkit.packages.archive import is_canonical  # numpy comes with these, which a manifest does not need
    from expertkit.packages.legacy import check_legacy
    from expertkit.packages.verify import check_archive

    if compatible and not is_canonical(path):
        contents, reading = check_legacy(path)
        return Opened(path=path, kind="legacy package", reading=reading, contents=contents)
    try:
        checked = check_archive(path, compatible=compatible)
    except FormatError as error:
        foreign = _is_gzip(path) and not is_canonical(path)
        hint = f"expert-cli validate --compatible {path} reads what other programs packed" if foreign else None
        raise FormatError(str(error), offset=error.offset, hint=error.hint or hint) from error
    return Opened(path=path, kind="package", reading=checked.reading, contents=checked.contents)


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"
