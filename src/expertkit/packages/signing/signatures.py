"""Signatures that lie beside a package, in a file of its name with ``.sig`` at the end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from expertkit.errors import FormatError
from expertkit.files import open_regular, write_bytes
from expertkit.members import bundle
from expertkit.members.signatures import Signature


def detached(package: Path) -> Path:
    """Where the signatures of a package lie that are not in it."""
    return package.with_name(f"{package.name}.sig")


def read_detached(package: Path, path: Path | None = None) -> tuple[Signature, ...]:
    """The signatures in ``path``, or in the file beside the package if there is one.

    Raises:
        FormatError: they are malformed.
    """
    if path is None and not detached(package).exists():
        return ()
    source = path or detached(package)
    with open_regular(source) as file:
        data = file.read(bundle.MAX_SIZE + 1)
    try:
        return bundle.decode(data)
    except FormatError as error:
        raise FormatError(f"{source}: {error}") from error


def write_detached(package: Path, signatures: Sequence[Signature]) -> Path:
    """Write signatures beside a package instead of those that lie there."""
    path = detached(package)
    write_bytes(path, bundle.encode(signatures))
    return path
