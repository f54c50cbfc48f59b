"""Bytes on disk: written whole or not at all, hashed, read as strict JSON."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from tempfile import NamedTemporaryFile, mkdtemp
from typing import IO, Any

from expertkit.errors import FormatError, PackagingError

_CHUNK = 1 << 20
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_KINDS = {stat.S_IFIFO: "a pipe", stat.S_IFDIR: "a folder", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}


def open_regular(path: Path) -> BufferedReader:
    """Open a file that somebody else may have put there; a pipe or a device would have no end, or never begin.

    Raises:
        FormatError: it is no regular file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    kind = stat.S_IFMT(os.fstat(descriptor).st_mode)
    if kind != stat.S_IFREG:
        os.close(descriptor)
        raise FormatError(f"{path}: expected a regular file, got {_KINDS.get(kind, 'something else')}")
    os.set_blocking(descriptor, True)
    return os.fdopen(descriptor, "rb")


def real_path(path: Path) -> Path:
    """The path without links; links that lead round in circles stay, and opening it fails."""
    return Path(os.path.realpath(path))


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let it be known what could not be written where there is no more space: the system says only that."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno in _FULL:
            error.filename = str(path)
        raise


@contextmanager
def atomic_write(path: Path, *, mode: int = 0o644) -> Iterator[IO[bytes]]:
    """Yield a file that becomes ``path`` only if the block succeeds; missing folders are made.

    The bytes are on the disk before the name is: fsync, rename, fsync of the folder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with naming(path), NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            yield file
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink()
            raise
    _sync(path.parent)


def write_bytes(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Replace ``path`` by ``data``, atomically."""
    with atomic_write(path, mode=mode) as file:
        file.write(data)


@contextmanager
def replace_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder that becomes ``path`` only if the block succeeds, its files on the disk first.

    What an earlier run, killed half-way, left beside ``path`` is removed; what another process still writes is not, and
    the last one to finish wins.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _restore(path)
    _remove_leftovers(path)
    folder = Path(mkdtemp(dir=path.parent, prefix=f".{path.name}.new-"))
    previous = folder.with_name(f".{path.name}.old-{folder.name[-8:]}")
    with _guarded(folder):
        try:
            with naming(path):
                yield folder
                _settle(folder)
            if path.exists():
                path.rename(previous)
            folder.rename(path)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            if previous.exists():
                previous.rename(path)
            raise
    _remove_leftovers(path)
    _sync(path.parent)


def place_folder(folder: Path, path: Path, *, mode: int = 0o755) -> None:
    """Give a finished folder the name ``path``, which nothing has yet, its files on the disk first.

    Both lie on one disk.
    """
    with naming(path):
        _settle(folder, mode=mode)
        folder.rename(path)
    _sync(path.parent)


@contextmanager
def make_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder that becomes ``path``, which nothing has yet, only if the block succeeds.

    Raises:
        OSError: something has got that name meanwhile; it stays what it is.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(mkdtemp(dir=path.parent, prefix=f".{path.name}.made-"))
    try:
        yield folder
        place_folder(folder, path)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def remove_folder(path: Path) -> None:
    """Remove a folder that never has its name without all of its files: it is called something else first."""
    aside = path.with_name(f".{path.name}.gone")
    shutil.rmtree(aside, ignore_errors=True)
    path.rename(aside)
    shutil.rmtree(aside)


def write_json(path: Path, value: object) -> None:
    """Replace ``path`` by ``value`` as indented JSON in the order given, atomically."""
    write_bytes(path, dump_json(value))


def dump_json(value: object) -> bytes:
    """``value`` as people read it: indented, in the order given, one line feed at the end."""
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def canonical_json(value: object) -> bytes:
    """``value`` as RFC 8785 canonical JSON: what digests and signatures are made over."""
    import rfc8785

    return rfc8785.dumps(value)  # type: ignore[arg-type]


def read_json(path: Path) -> Any:
    """The JSON value in a file this project wrote itself.

    Raises:
        FormatError: something else has changed it since.
    """
    try:
        return json.loads(path.read_bytes())
    except ValueError as error:
        raise FormatError(f"{path}: expected JSON as it was written, got something else", hint="remove it") from error


def required(path: Path, *, hint: str) -> bytes:
    """The bytes of a file that an earlier stage made.

    Raises:
        PackagingError: there is no such file; ``hint`` is the command that makes it.
    """
    if not path.is_file():
        raise PackagingError(f"{path}: expected a file, got none", hint=hint)
    return path.read_bytes()


def sha256_file(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with open_regular(path) as file:
        return sha256_stream(file)


def sha256_stream(file: IO[bytes]) -> str:
    """Hex SHA-256 of the bytes of an open file."""
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def sha256_bytes(data: bytes | bytearray) -> str:
    """Hex SHA-256 of ``data``."""
    return hashlib.sha256(data).hexdigest()


def listing_digest(members: dict[str, tuple[int, str]]) -> str:
    """Digest of a set of files: SHA-256 of RFC 8785 JSON of the sorted ``[name, size, sha256]`` rows."""
    return sha256_bytes(canonical_json([[name, *members[name]] for name in sorted(members)]))


def _restore(path: Path) -> None:
    """Put back what a run that was killed between the two renames had moved aside."""
    aside = sorted(path.parent.glob(f".{path.name}.old-*"))
    if aside and not path.exists():
        aside[-1].rename(path)


def _remove_leftovers(path: Path) -> None:
    for kind in ("new", "old"):
        for leftover in path.parent.glob(f".{path.name}.{kind}-*"):
            with suppress(FileNotFoundError), _guarded(leftover) as is_left:
                if is_left:
                    shutil.rmtree(leftover, ignore_errors=True)


@contextmanager
def _guarded(folder: Path) -> Iterator[bool]:
    """Have a folder to oneself, whatever it is called meanwhile; false: another process has it, and did not end.

    Where the file system has no locks, nobody has.

    Raises:
        FileNotFoundError: it is not there any more.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        is_free = True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            is_free = error.errno != errno.EWOULDBLOCK
        yield is_free
    finally:
        os.close(descriptor)


def _settle(folder: Path, *, mode: int = 0o755) -> None:
    """Force a folder's files to the disk; a temporary folder is private, a finished one is not."""
    for path in folder.rglob("*"):
        _sync(path)
    folder.chmod(mode)
    _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
