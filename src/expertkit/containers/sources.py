"""Where the bytes of a container come from: a file that nobody changes, mapped; any other file, read; or memory.

A mapped file that is cut short ends the process, and what is mapped changes when the file does: only files of our own
store are mapped (docs/format.md, section 9).
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from expertkit.containers import limits
from expertkit.errors import FormatError
from expertkit.files import open_regular

_PIECE = 1 << 20


class Source(Protocol):
    """The bytes of a whole file."""

    size: int
    is_stable: bool
    """Whether the same range is the same bytes each time, so that hashing it once is enough."""

    def view(self, begin: int, end: int) -> memoryview:
        """The bytes from ``begin`` up to ``end``.

        Raises:
            FormatError: they are not there any more.
        """

    def expect(self, begin: int, end: int) -> None:
        """Let the bytes of a range be fetched, because all of them will be read next."""


def pieces(source: Source, begin: int, end: int) -> Iterator[memoryview]:
    """The bytes of a range, at most 1 MiB of them at a time."""
    for at in range(begin, end, _PIECE):
        yield source.view(at, min(at + _PIECE, end))


class Held:
    """Bytes in memory."""

    is_stable = True

    def __init__(self, data: bytes | bytearray | memoryview) -> None:
        self._data = memoryview(data)
        self.size = len(self._data)

    def view(self, begin: int, end: int) -> memoryview:
        """The bytes of a range, without a copy."""
        return self._data[begin:end]

    def expect(self, begin: int, end: int) -> None:
        """They are there."""


class Mapped(Held):
    """A file that nobody changes, mapped: only what is asked for is read from the disk, and no more around it."""

    def __init__(self, pages: mmap.mmap) -> None:
        super().__init__(memoryview(pages))
        self._pages = pages
        self._advise("MADV_RANDOM", 0, self.size)

    def expect(self, begin: int, end: int) -> None:
        """Let the disk read them in one go."""
        self._advise("MADV_WILLNEED", begin, end)

    def _advise(self, what: str, begin: int, end: int) -> None:
        advice = getattr(mmap, what, None)  # not every system has them, and none has to follow them
        start = begin - begin % mmap.PAGESIZE
        if advice is not None and end > start:
            self._pages.madvise(advice, start, end - start)


class OnDisk:
    """A file that others may change: each range is a copy."""

    is_stable = False

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.size = os.fstat(descriptor).st_size

    def view(self, begin: int, end: int) -> memoryview:
        """A copy of the bytes of a range."""
        data = bytearray(end - begin)
        filled = 0
        while filled < len(data):
            count = os.preadv(self._descriptor, [memoryview(data)[filled:]], begin + filled)
            if not count:
                raise FormatError(
                    f"container: expected {self.size} bytes, got a file that was cut", offset=begin + filled
                )
            filled += count
        return memoryview(data).toreadonly()

    def expect(self, begin: int, end: int) -> None:
        """They are read when they are asked for."""


def mapped(path: Path) -> Held:
    """A file that nobody changes, mapped for reading for as long as anything that was taken of it is in use."""
    with open_regular(path) as file:
        _check_size(file.fileno())
        if os.fstat(file.fileno()).st_size == 0:  # which cannot be mapped
            return Held(b"")
        return Mapped(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


@contextmanager
def read(path: Path) -> Iterator[OnDisk]:
    """A file that others may change."""
    with open_regular(path) as file:
        _check_size(file.fileno())
        yield OnDisk(file.fileno())


def _check_size(descriptor: int) -> None:
    size = os.fstat(descriptor).st_size
    if size > limits.FILE:
        raise FormatError(f"container: expected at most {limits.FILE} bytes, got {size}", offset=limits.FILE)
