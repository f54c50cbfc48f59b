"""A base model put into a folder of the project: filled, checked, and only then there."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from expertkit.bases.fingerprint import check
from expertkit.bases.location import HUB_FILES, BaseModel, locate
from expertkit.files import replace_folder


def place(base: BaseModel, target: Path, *, fill: Callable[[Path], None]) -> str:
    """Replace ``target`` by what ``fill`` puts into an empty folder, and give its fingerprint.

    Raises:
        CompatibilityError: that is another base than the pinned one; what was there stays.
    """
    with replace_folder(target) as folder:
        fill(folder)
        return check(base, folder)


def bring(base: BaseModel, project: Path, target: Path) -> None:
    """Put the files of ``base`` into ``target``, as hard links where the disk allows; fails like ``locate``."""
    folder = locate(base, project)
    for path in sorted({path for pattern in HUB_FILES for path in folder.glob(pattern)}):
        _link(path.resolve(), target / path.name)


def _link(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:  # another disk, or one without links
        shutil.copyfile(source, target)
