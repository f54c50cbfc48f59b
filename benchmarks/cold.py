"""Ways to read a file, timed in turn: cold, when the system has just let go of the file's bytes, and then hot.

What lies below the system, such as the memory of a disk or of a virtual machine's host, is not made cold.
"""

from __future__ import annotations

import ctypes
import mmap
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.packing import seconds_of
from expertkit.files import open_regular


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way to come by what is in a file."""

    file: Path
    work: Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Median seconds by the name of the way."""

    hot: Mapping[str, float]
    cold: Mapping[str, float]
    left: int
    """The most pages of a file that were still in memory when it was to be read cold."""


def alternate(ways: Mapping[str, Way], *, rounds: int) -> Times:
    """Time each way in turn, cold and right after it hot; a first round does not count."""
    hot: dict[str, list[float]] = {name: [] for name in ways}
    cold: dict[str, list[float]] = {name: [] for name in ways}
    left = 0
    for _ in range(1 + rounds):
        for name, way in ways.items():
            left = max(left, drop(way.file))
            cold[name].append(seconds_of(way.work))
            hot[name].append(seconds_of(way.work))
    return Times(hot=_medians(hot), cold=_medians(cold), left=left)


def drop(path: Path) -> int:
    """Let the system forget a file's bytes, and give how many pages it kept all the same.

    It keeps those that somebody has mapped, and everything where a file system is itself in memory.
    """
    with open_regular(path) as file:
        os.fsync(file.fileno())  # what is not on the disk yet is not let go of
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return count(path)


def count(path: Path) -> int:
    """The pages of a file that are in memory; looking loads none.

    Raises:
        OSError: the system does not tell.
    """
    with open_regular(path) as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        size = len(mapped)
        found = np.zeros(-(-size // mmap.PAGESIZE), dtype=np.uint8)
        begin = np.frombuffer(mapped, dtype=np.uint8).ctypes.data
        mincore = ctypes.CDLL(None, use_errno=True).mincore
        if mincore(ctypes.c_void_p(begin), ctypes.c_size_t(size), ctypes.c_void_p(found.ctypes.data)):
            raise OSError(ctypes.get_errno(), f"{path}: expected mincore to tell what is in memory")
    return int(np.count_nonzero(found & 1))


def _medians(taken: Mapping[str, list[float]]) -> dict[str, float]:
    return {name: median(seconds[1:]) for name, seconds in taken.items()}
