"""Files that people wrote, among those that are made: which they are, and one digest over them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import expertkit
from expertkit import layout
from expertkit.errors import PackagingError
from expertkit.files import listing_digest, sha256_file

CODE = Path(expertkit.__file__).resolve().parent
"""The sources of expertkit itself."""

_MADE = frozenset({layout.WEIGHTS, "__pycache__"})


def source_files(folder: Path) -> Iterator[Path]:
    """The files of a folder but hidden ones, an expert's weights/ and Python's caches, in no order.

    Raises:
        PackagingError: there is a symbolic link, whose target may be anything.
    """
    for path in folder.iterdir():
        if path.name.startswith(".") or path.name in _MADE:
            continue
        if path.is_symlink():
            raise PackagingError(f"{path}: expected a file or folder, got a symbolic link")
        if path.is_dir():
            yield from source_files(path)
        elif path.is_file():
            yield path


def digest_sources(path: Path) -> str:
    """Digest of a file, or of the source files of a folder."""
    if path.is_file():
        return sha256_file(path)
    files = {str(file.relative_to(path)): (file.stat().st_size, sha256_file(file)) for file in source_files(path)}
    return listing_digest(files)
