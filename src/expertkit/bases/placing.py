"""A base model put into a folder of the project: filled, checked, and only then there."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from expertkit.bases.fingerprint import check
from expertkit.bases.location import HUB_FILES, BaseModel, locate
from expertkit.files import read_json, replace_folder, write_json

ORIGIN = "origin.json"
"""Where the files beside it were brought from."""


def place(base: BaseModel, target: Path, *, fill: Callable[[Path], None]) -> str:
    """Replace ``target`` by what ``fill`` puts into an empty folder, and give its fingerprint.

    Raises:
        CompatibilityError: that is another base than the pinned one; what was there stays.
    """
    with replace_folder(target) as folder:
        fill(folder)
        return check(base, folder)


def bring(base: BaseModel, project: Path, target: Path) -> None:
    """Put the files of ``base`` into ``target``, as hard links where the disk allows; fails like ``locate``.

    ``origin.json`` beside them says where they came from; it is no part of the model.
    """
    folder = locate(base, project)
    _link_all({path for pattern in HUB_FILES for path in folder.glob(pattern)} - {folder / ORIGIN}, target)
    write_json(target / ORIGIN, _origin(base))


def link(folder: Path, target: Path) -> None:
    """Put every file that lies in ``folder`` into ``target``, as hard links where the disk allows."""
    _link_all(folder.iterdir(), target)


def is_brought(base: BaseModel, folder: Path) -> bool:
    """Whether ``folder`` holds what was brought from where ``base`` comes from."""
    return (folder / ORIGIN).is_file() and bool(read_json(folder / ORIGIN) == _origin(base))


def _origin(base: BaseModel) -> dict[str, str | None]:
    return {"path": base.path, "hub": base.hub, "revision": base.revision}


def _link_all(paths: Iterable[Path], target: Path) -> None:
    for path in sorted(paths):
        _link(path.resolve(), target / path.name)


def _link(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:  # another disk, or one without links
        shutil.copyfile(source, target)
