"""How much a container may make us do (docs/format.md, section 9)."""

from __future__ import annotations

FILE = 4 << 30
"""Bytes of a file."""
METADATA = 1 << 20
"""Bytes of the metadata."""
SECTIONS = 4096
SECTION = 1 << 30
"""Bytes of a section once decoded."""
RATIO = 200
"""Decoded bytes for each stored one ..."""
FREE_SECTION = 1 << 20
"""... beyond so many of a section ..."""
FREE_FILE = 16 << 20
"""... and so many of a file."""
WINDOW = 8 << 20
"""Bytes that a frame may refer back."""
BLOCK = 1 << 10
"""Decoded bytes for each block of a frame ..."""
FREE_BLOCKS = 16
"""... beyond so many."""
SIGNATURES = 16
ENVELOPE = 1 << 16
"""Bytes of an envelope, and of a chain."""
