"""The file beside a package that holds its SHA-256, as ``sha256sum`` writes it."""

from __future__ import annotations

from pathlib import Path

from expertkit.errors import FormatError, IntegrityError
from expertkit.files import sha256_file, write_bytes


def sidecar(package: Path) -> Path:
    """Where a package's SHA-256 lies."""
    return package.with_name(f"{package.name}.sha256")


def write_sidecar(package: Path) -> str:
    """Write the SHA-256 of a package beside it, and give it."""
    digest = sha256_file(package)
    write_bytes(sidecar(package), f"{digest}  {package.name}\n".encode())
    return digest


def check_sidecar(package: Path) -> None:
    """Return if there is no sidecar, or it names these bytes.

    Raises:
        IntegrityError: it names other bytes.
        FormatError: it is malformed.
    """
    path = sidecar(package)
    if not path.exists():
        return
    with path.open("rb") as file:
        digest, _, name = file.read(1 << 12).decode(errors="replace").partition("  ")
    if name != f"{package.name}\n":
        raise FormatError(f"{path}: expected '<sha256>  {package.name}', got something else")
    found = sha256_file(package)
    if digest != found:
        raise IntegrityError(f"{package}: expected SHA-256 {digest[:64]} (from {path.name}), got {found}")
