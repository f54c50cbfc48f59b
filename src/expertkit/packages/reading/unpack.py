"""A package's members as files, for whoever needs them so: into a new folder, which is there only when all are right.

Nothing of what a package says about places is believed: files are made one by one under a descriptor of our own
folder, never through a link, never over anything, and compared with what was checked before.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

from expertkit.errors import IntegrityError, PackagingError
from expertkit.files import naming
from expertkit.members.contents import Chunk, Contents
from expertkit.packages.reading.forms import open_parts
from expertkit.packages.reading.legacy import is_legacy_pickle

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def unpack(package: Path, target: Path, *, contents: Contents) -> int:
    """Write the members of a package into the new folder ``target``; give how many: a legacy pickle is left out.

    Args:
        package: the file.
        target: a folder that is not there yet, beside folders that nobody else may write to.
        contents: what was found in the package when it was checked.

    Raises:
        IntegrityError: the package has changed since.
        PackagingError: ``target`` is there already.
    """
    with _new_folder(target) as folder:
        with open_parts(package, form=contents.form) as parts:
            written = {part.name: _write(folder, part.name, part.chunks) for part in parts}
        if written != contents.members:
            raise IntegrityError(f"{package}: expected the members that were checked, got others")
    return sum(not is_legacy_pickle(name) for name in written)


def _write(folder: int, name: str, chunks: Iterable[Chunk]) -> tuple[int, str]:
    """Write one member, and give its size in bytes and its SHA-256."""
    digest, size = hashlib.sha256(), 0
    with _open_parent(folder, name) as parent:
        last = name.rpartition("/")[2]
        with os.fdopen(os.open(last, _NEW_FILE, 0o644, dir_fd=parent), "wb") as file:
            os.fchmod(file.fileno(), 0o644)  # a umask must not decide
            for chunk in chunks:
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
            file.flush()
            os.fsync(file.fileno())
        if is_legacy_pickle(name):
            os.unlink(last, dir_fd=parent)
    return size, digest.hexdigest()


@contextmanager
def _open_parent(folder: int, name: str) -> Iterator[int]:
    """A descriptor of the folder that a member belongs in, made where it is missing."""
    here = os.dup(folder)
    try:
        for part in name.split("/")[:-1]:
            with suppress(FileExistsError):  # an earlier member's; if it is no folder, opening it fails
                os.mkdir(part, 0o755, dir_fd=here)
            above, here = here, os.open(part, _FOLDER, dir_fd=here)
            os.close(above)
            os.fchmod(here, 0o755)
        yield here
    finally:
        os.close(here)


@contextmanager
def _new_folder(target: Path) -> Iterator[int]:
    """A descriptor of a folder that becomes ``target`` only if the block succeeds."""
    if target.exists() or target.is_symlink():
        raise PackagingError(f"{target}: expected no such folder yet, got one")
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(mkdtemp(dir=target.parent, prefix=f".{target.name}.new-"))
    descriptor = os.open(folder, _FOLDER)
    try:
        with naming(target):
            yield descriptor
        os.fchmod(descriptor, 0o755)
        os.fsync(descriptor)
        folder.rename(target)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        os.close(descriptor)
