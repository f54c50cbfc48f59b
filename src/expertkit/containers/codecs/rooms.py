"""Room to decode in, used again: for memory that is new the system does more work than the decoder."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

SIZE = 1 << 20
"""Bytes."""

_FREE: deque[memoryview] = deque(maxlen=16)


@contextmanager
def taken() -> Iterator[memoryview]:
    """``SIZE`` bytes that nobody else writes to until the block ends, and anybody may after; they hold anything."""
    try:
        room = _FREE.pop()
    except IndexError:
        room = memoryview(bytearray(SIZE))
    try:
        yield room
    finally:
        _FREE.append(room)
