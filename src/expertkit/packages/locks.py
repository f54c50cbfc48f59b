"""One writer at a time, among processes too."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(path: Path, *, mode: int = 0o700) -> Iterator[None]:
    """Hold the lock on a file that is never replaced, so that everybody locks the same one.

    Args:
        path: the file, which is made where it is missing.
        mode: of its folder, where that is made.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=mode)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock on a file that is there, while something beside it is changed."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
