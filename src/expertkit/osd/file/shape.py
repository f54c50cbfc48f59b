"""What is known of a module before its numbers are read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Of a module."""

    out: int
    """Rows of W."""
    width: int
    """Columns of W."""
    rank: int
    """Components."""

    @property
    def numbers(self) -> int:
        """Entries of both factors."""
        return self.rank * (self.out + self.width)
