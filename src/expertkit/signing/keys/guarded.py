"""Files that hold secrets: their owner's alone from their first moment, never overwritten, not read otherwise."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from expertkit.errors import FormatError, SignatureError
from expertkit.files import naming

MAX_SIZE = 16 << 10
"""Largest secret that is read, in bytes."""
HINT = "expert-cli keygen"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OLD = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def check_free(*paths: Path) -> None:
    """Return if nothing has one of these names: no file, no folder, no link that leads nowhere.

    Raises:
        SignatureError: something has.
    """
    for path in paths:
        if os.path.lexists(path):
            raise SignatureError(f"{path}: expected no such file, got one; a key is never overwritten")


def write_new(path: Path, data: bytes) -> None:
    """Write a secret into a new file of mode 0600, whatever the umask; missing folders are made, of mode 0700.

    Raises:
        SignatureError: there is something of that name.
    """
    _make_folder(path.parent)
    try:
        descriptor = os.open(path, _NEW, 0o600)
    except FileExistsError as error:
        raise SignatureError(f"{path}: expected no such file, got one; a key is never overwritten") from error
    try:
        with naming(path), os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink()
        raise


def read_own(path: Path, *, what: str, hint: str | None = None) -> bytes:
    """The bytes of a secret.

    Args:
        path: a regular file that nobody but its owner, who is the caller, can read or replace.
        what: what it holds, such as "a private key".
        hint: what helps where there is no such file.

    Raises:
        SignatureError: it is anything else.
        FormatError: it is too long.
    """
    try:
        descriptor = os.open(path, _OLD)
    except FileNotFoundError as error:
        raise SignatureError(f"{path}: expected {what}, got no such file", hint=hint) from error
    except PermissionError:
        raise
    except OSError as error:
        raise SignatureError(f"{path}: expected {what}, got {error.strerror}", hint=hint) from error
    with os.fdopen(_checked(descriptor, path, what), "rb") as file:
        data = file.read(MAX_SIZE + 1)
    if len(data) > MAX_SIZE:
        raise FormatError(f"{path}: expected {what} of at most {MAX_SIZE} bytes, got more")
    return data


def _checked(descriptor: int, path: Path, what: str) -> int:
    """The descriptor of a file that is its reader's alone, closed if it is another."""
    try:
        _check_owner(path, os.fstat(descriptor), what)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _check_owner(path: Path, status: os.stat_result, what: str) -> None:
    """The rule ssh has: a regular file of our own, closed to group and others."""
    if not stat.S_ISREG(status.st_mode):
        raise SignatureError(f"{path}: expected {what}, got no regular file")
    if status.st_uid != os.geteuid():
        raise SignatureError(f"{path}: expected a file of yours, got one of user {status.st_uid}")
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o077:
        raise SignatureError(
            f"{path}: expected mode 0600, got {mode:04o}; others may have read it", hint=f"chmod 600 {path}"
        )


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it where they are missing; a umask must not decide who may enter."""
    for each in reversed([folder, *folder.parents]):
        if not each.is_dir():
            with suppress(FileExistsError):  # another process was faster
                each.mkdir(mode=0o700)
                each.chmod(0o700)
