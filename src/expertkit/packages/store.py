"""Packages by the digest of their bytes, each put once and never changed, so that it can be mapped and read in parts.

A package lies alone in a folder named by its SHA-256, neither of which anybody may write to; it is there whole or not
at all. What is mapped stays whole when a package is removed: its name goes, its bytes stay until nobody uses them.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from tempfile import mkdtemp

from expertkit.containers import limits, sources
from expertkit.containers.sources import Held
from expertkit.errors import FormatError, IntegrityError, PackagingError
from expertkit.files import naming, open_regular, place_folder, remove_folder, sha256_file
from expertkit.packages.locks import locked

_FILE = "package.expert"
_NEW = ".new-"
_WRITABLE = 0o222
_DIGEST = re.compile(r"[0-9a-f]{64}")
_CHUNK = 1 << 20


class Store:
    """A folder of packages, which this program alone writes to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, path: Path) -> str:
        """Copy a package in, and give its SHA-256; one that is there and whole is left as it is.

        What an earlier call that was killed left behind is removed.

        Raises:
            FormatError: it is no regular file, or too large for a package.
        """
        with locked(self._folder / ".lock", mode=0o755):
            self._clear()
            new = Path(mkdtemp(dir=self._folder, prefix=_NEW))
            try:
                digest = _copy(path, new / _FILE)
                if not self._is_whole(digest):
                    self._discard(self.path(digest).parent)
                    place_folder(new, self.path(digest).parent, mode=0o555)
            finally:
                self._clear()
        return digest

    def has(self, digest: str) -> bool:
        """Whether the package of that SHA-256 is here."""
        return self.path(digest).is_file()

    def path(self, digest: str) -> Path:
        """Where the package of that SHA-256 lies, or would lie.

        Raises:
            ValueError: it is no SHA-256 in hex.
        """
        if not _DIGEST.fullmatch(digest):
            raise ValueError(f"expected a SHA-256 of 64 hex digits, got {digest!r}")
        return self._folder / digest / _FILE

    def open(self, digest: str) -> Held:
        """The bytes of a package, mapped: read when they are used, and hashed by whoever uses them.

        Raises:
            PackagingError: it is not here.
            IntegrityError: others may have changed it.
        """
        path = self.path(digest)
        if not path.is_file():
            raise PackagingError(f"{path}: expected a stored package, got no such file", hint="put it in again")
        mode = path.stat().st_mode
        if mode & _WRITABLE:
            message = f"{path}: expected a file that nobody may write to, got mode {mode & 0o777:04o}"
            raise IntegrityError(message, hint="put the package in again, which replaces this one")
        return sources.mapped(path)

    def _is_whole(self, digest: str) -> bool:
        """Whether a package is here that nobody can write to, with the bytes that its name promises."""
        path = self.path(digest)
        return path.is_file() and not path.stat().st_mode & _WRITABLE and sha256_file(path) == digest

    def _clear(self) -> None:
        for leftover in self._folder.glob(f"{_NEW}*"):
            self._discard(leftover)

    @staticmethod
    def _discard(folder: Path) -> None:
        """Remove a folder, if it is there; whoever has mapped what is in it goes on using it."""
        if folder.is_dir():
            folder.chmod(0o755)
            remove_folder(folder)


def _copy(source: Path, target: Path) -> str:
    digest, size = hashlib.sha256(), 0
    with naming(target), open_regular(source) as package, target.open("xb") as file:
        while chunk := package.read(_CHUNK):
            size += len(chunk)
            if size > limits.FILE:
                raise FormatError(f"{source}: expected at most {limits.FILE} bytes, got more")
            digest.update(chunk)
            file.write(chunk)
        os.fchmod(file.fileno(), 0o444)
    return digest.hexdigest()
