"""The largest of rising values for which something fits, by bisection."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import TypeVar

Value = TypeVar("Value")


def largest(values: Sequence[Value], fits: Callable[[Value], bool]) -> Value | None:
    """The last of ``values`` that fits, where none fits after one that does not; None if none does."""
    count = bisect_left(range(len(values)), 1, key=lambda index: int(not fits(values[index])))
    return values[count - 1] if count else None
