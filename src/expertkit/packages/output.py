"""What the stages leave behind: a package with its sidecar, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from expertkit import layout
from expertkit.archives import archive
from expertkit.archives.archive import Part
from expertkit.archives.sidecar import write_sidecar
from expertkit.errors import FormatError, IntegrityError, PackagingError, ProblemsError
from expertkit.files import atomic_write, replace_folder, write_json
from expertkit.packages.reading.canonical import open_canonical
from expertkit.packages.report import REFUSED, Judged


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A package on disk."""

    path: Path
    bytes: int
    sha256: str
    """Of the file."""
    content_digest: str
    members: Mapping[str, tuple[int, int]]
    """Bytes of each member, plain and packed."""

    def to_json(self) -> dict[str, Any]:
        """The facts as JSON values."""
        sizes = {name: {"bytes": plain, "packed": packed} for name, (plain, packed) in self.members.items()}
        return {**asdict(self), "path": str(self.path), "members": sizes}

    def describe(self) -> str:
        """One line for a person."""
        return f"{self.path}: {self.bytes:,} bytes, content digest {self.content_digest}"

    def describe_members(self) -> list[str]:
        """A line for each member: bytes, what they were packed to, and the ratio."""
        return [f"{a:>12,} -> {b:>12,}  {b / max(a, 1):>6.1%}  {name}" for name, (a, b) in self.members.items()]


@contextmanager
def open_folder(target: Path, *, whole: bool) -> Iterator[Path]:
    """Yield a folder to write into: one that replaces ``target``, or ``target`` with all that is in it."""
    if whole:
        with replace_folder(target) as folder:
            yield folder
    else:
        target.mkdir(parents=True, exist_ok=True)
        yield target


def write_package(
    path: Path, parts: Iterable[Part], *, packed: Callable[[int], None] = lambda _bytes: None
) -> tuple[str, dict[str, tuple[int, int]]]:
    """Write a package and its sidecar; give its SHA-256, and each member's bytes, plain and packed.

    Raises:
        PackagingError: what was written would not be read again; there is no package then.
    """
    with atomic_write(path) as file:
        sizes = archive.write(file, parts, packed=packed)
        file.flush()
        _check_readable(Path(file.name), shown=path)
    return write_sidecar(path), sizes


def _check_readable(written: Path, *, shown: Path) -> None:
    """Nothing leaves here that a reader of ours would refuse."""
    try:
        open_canonical(written)
    except (FormatError, IntegrityError, ProblemsError) as error:
        why = str(error).replace(str(written), shown.name)
        raise PackagingError(f"{shown.name}: expected a package that can be read again, got one where {why}") from error


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
