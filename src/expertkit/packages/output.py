"""Where the stages leave packages, and the reason why there is none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from expertkit import layout
from expertkit.errors import PackagingError
from expertkit.files import replace_folder, write_json
from expertkit.packages.report import REFUSED, Judged


@contextmanager
def open_folder(target: Path, *, whole: bool) -> Iterator[Path]:
    """Yield a folder to write into: one that replaces ``target``, or ``target`` with all that is in it."""
    if whole:
        with replace_folder(target) as folder:
            yield folder
    else:
        target.mkdir(parents=True, exist_ok=True)
        yield target


def refuse(target: Path, refused: Judged, *, record: bool, whole: bool = True) -> Judged:
    """Let the reason take the place of the package in the folder ``target``, if that is wanted.

    Args:
        target: the folder.
        refused: the reason.
        record: whether it is wanted.
        whole: whether it replaces everything in the folder.

    Raises:
        PackagingError: it is not; nothing was touched.
    """
    if not record:
        raise PackagingError(refused.describe())
    with open_folder(target, whole=whole) as folder:
        write_json(folder / REFUSED, refused.to_json())
    return refused


def signed_folders(project: Path) -> list[Path]:
    """What was signed for an expert and base that a recipe names, sorted; leftovers of others do not count."""
    current = {path.stem for path in (project / layout.RECIPES).glob("*.json")}
    return sorted(path for path in (project / layout.SIGNED).glob("[!.]*") if path.name in current)


def packages(folder: Path) -> list[Path]:
    """The packages in a folder, sorted."""
    return sorted(folder.glob(f"*{layout.PACKAGE_SUFFIX}"))


def find_package(folder: Path, *, hint: str) -> Path:
    """The one package in ``folder``.

    Raises:
        PackagingError: there is none, or more than one.
    """
    found = packages(folder)
    if len(found) != 1:
        raise PackagingError(f"{folder}: expected one package, got {len(found)}", hint=hint)
    return found[0]
