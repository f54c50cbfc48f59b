"""Which of two semantic versions is older (semver.org, 2.0.0, section 11)."""

from __future__ import annotations

from typing import TypeAlias

Order: TypeAlias = tuple[tuple[int, ...], bool, tuple[tuple[bool, int, str], ...]]


def order(version: str) -> Order:
    """What versions are sorted by.

    >>> sorted(["1.0.0", "1.0.0-rc.2", "1.0.0-rc.10", "0.9.9", "1.0.0-rc"], key=order)
    ['0.9.9', '1.0.0-rc', '1.0.0-rc.2', '1.0.0-rc.10', '1.0.0']

    Raises:
        ValueError: it is no semantic version.
    """
    released, _, before = version.partition("+")[0].partition("-")
    return tuple(map(int, released.split("."))), not before, tuple(map(_part, filter(None, before.split("."))))


def _part(text: str) -> tuple[bool, int, str]:
    """Numbers come first, by their size."""
    return (False, int(text), text) if text.isdecimal() else (True, 0, text)
