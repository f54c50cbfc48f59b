"""An adapter at every rank and density that the requirements name: ``python -m benchmarks.densities FOLDER``.

They name sparsities of 1, 5, 10 and 20 percent, which may be the share that is kept or the share that is dropped, and a
mask of the factors or of the update; so that all four are shown.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Literal

from benchmarks.rivals import read_adapter
from expertkit.osd import Settings, Source, compress, sources
from expertkit.osd.settings import SPACES, Space

RANKS = (8, 12, 16, 24)
SHARES = (0.01, 0.05, 0.10, 0.20)
Meaning = Literal["kept", "dropped"]
MEANINGS: tuple[Meaning, ...] = ("kept", "dropped")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One rank and density."""

    space: Space
    meaning: Meaning
    rank: int
    share: float
    """What is kept or dropped."""
    error: float
    """Relative Frobenius distance from the source."""
    size: int
    """Bytes of the file."""


def look(folder: Path) -> Iterator[Cell]:
    """Every combination, in float16."""
    found = sources(read_adapter(folder))
    for space, meaning, rank, share in product(SPACES, MEANINGS, RANKS, SHARES):
        yield _cell(found, space=space, meaning=meaning, rank=rank, share=share)


def _cell(found: dict[str, Source], *, space: Space, meaning: Meaning, rank: int, share: float) -> Cell:
    density = share if meaning == "kept" else 1 - share
    small = compress(found, Settings(rank=rank, density=density, space=space))
    return Cell(space=space, meaning=meaning, rank=rank, share=share, error=small.error, size=len(small.data))


if __name__ == "__main__":
    print(json.dumps([asdict(cell) for cell in look(Path(sys.argv[1]))]))
