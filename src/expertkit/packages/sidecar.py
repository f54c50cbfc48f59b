"""The file beside a package that holds its SHA-256, as ``sha256sum`` writes it."""

from __future__ import annotations

import os
from pathlib import Path

from expertkit.containers import limits
from expertkit.errors import FormatError, IntegrityError
from expertkit.files import open_regular, sha256_file, sha256_stream, write_bytes


def sidecar(package: Path) -> Path:
    """Where a package's SHA-256 lies."""
    return package.with_name(f"{package.name}.sha256")


def write_sidecar(package: Path) -> str:
    """Write the SHA-256 of a package beside it, and give it."""
    digest = sha256_file(package)
    write_bytes(sidecar(package), f"{digest}  {package.name}\n".encode())
    return digest


def check_sidecar(package: Path, *, largest: int = limits.FILE) -> None:
    """Return if there is no sidecar, or it names these bytes.

    Args:
        package: the package.
        largest: bytes that it may have; no more are read.

    Raises:
        IntegrityError: it names other bytes.
        FormatError: it is malformed, or the package is too large to be one.
    """
    path = sidecar(package)
    if not path.exists():
        return
    with open_regular(path) as file:
        digest, _, name = file.read(1 << 12).decode(errors="replace").partition("  ")
    if name != f"{package.name}\n":
        raise FormatError(f"{path}: expected '<sha256>  {package.name}', got something else")
    with open_regular(package) as file:
        size = os.fstat(file.fileno()).st_size
        if size > largest:
            raise FormatError(f"{package}: expected at most {largest} bytes, got {size}")
        found = sha256_stream(file)
    if digest != found:
        raise IntegrityError(f"{package}: expected SHA-256 {digest[:64]} (from {path.name}), got {found}")
