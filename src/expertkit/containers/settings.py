"""What a person may choose about the sections of a container."""

from __future__ import annotations

from typing import Literal

Codec = Literal["auto", "raw", "zstd", "planes"]
"""How sections are stored: docs/format.md, section 5; ``auto`` takes for each what saves enough."""
ALIGNMENT = 64
"""Bytes that parts of a file begin at a multiple of, at least."""
LEVELS = (1, 19)
"""The lowest and the highest level of compression; ``planes`` has its own way and takes none."""
LEVEL = 3
"""Higher ones cost much time for hardly fewer bytes."""
