"""Rows in groups of 128 numbers, the last one of each shorter: a group shares what a quantisation knows of it."""

from __future__ import annotations

import numpy as np

from expertkit.adapters.svd import Array64

GROUP = 128


def count(width: int) -> int:
    """Groups of a row of so many numbers."""
    return -(-width // GROUP)


def smallest(rows: Array64) -> Array64:
    """Of each group: (k, groups)."""
    return np.asarray(np.minimum.reduceat(rows, _starts(rows), axis=1))


def largest(rows: Array64) -> Array64:
    """Of each group: (k, groups)."""
    return np.asarray(np.maximum.reduceat(rows, _starts(rows), axis=1))


def mean(rows: Array64) -> Array64:
    """Of each group: (k, groups)."""
    starts = _starts(rows)
    sizes = np.diff(starts, append=rows.shape[1])
    return np.asarray(np.add.reduceat(rows, starts, axis=1) / sizes)


def spread(each: Array64, width: int) -> Array64:
    """What each group has (k, groups), for each number of it: (k, width)."""
    return np.repeat(each, GROUP, axis=1)[:, :width]


def _starts(rows: Array64) -> np.ndarray:
    return np.arange(0, rows.shape[1], GROUP)
