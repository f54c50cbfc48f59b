"""How an adapter is compressed: what is kept of it, and how that is stored."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

Score = Literal["mag", "fro", "taylor", "fisher", "act"]
"""What an entry of a factor is worth: docs/osd.md, What is kept."""
Codec = Literal["f32", "f16", "int8", "rdq"]
"""How kept numbers are stored; rdq quantises to multiples of one step, and what falls to zero is not kept."""
Indices = Literal["auto", "csr", "bitmap", "rice"]
"""How it is told which entries are kept: CSC of U with CSR of V^T, bitmaps, gaps in Rice codes, or the smallest."""
Space = Literal["factor", "delta"]
"""Whether a mask is of the factors or of the update itself."""

SCORES: tuple[Score, ...] = get_args(Score)
CODECS: tuple[Codec, ...] = get_args(Codec)
INDICES: tuple[Indices, ...] = get_args(Indices)
SPACES: tuple[Space, ...] = get_args(Space)
DATA_FREE: tuple[Score, ...] = ("mag", "fro")
"""Scores that need no calibration."""
OF_STEPS: tuple[Score, ...] = ("fro", "fisher")
"""Scores that rdq can heed: one step for all, or finer ones where the loss feels it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One way to compress."""

    rank: int
    """Components to begin with; where the source has fewer, all of them."""
    codec: Codec = "f16"
    density: float = 1.0
    """Share of the entries that are kept; of rdq what came of it."""
    score: Score = "fro"
    indices: Indices = "auto"
    space: Space = "factor"
    alpha: float = 1.0
    """Weight of the masked update against the whole one."""

    def __post_init__(self) -> None:
        problems = [text for is_wrong, text in self._checks() if is_wrong]
        if problems:
            raise ValueError("; ".join(problems))

    def _checks(self) -> list[tuple[bool, str]]:
        blended = self.alpha < 1 or self.space == "delta"
        return [
            (self.rank < 1, f"rank: expected at least 1, got {self.rank}"),
            (not _is_share(self.density), f"density: expected 0..1, got {self.density}"),
            (not _is_share(self.alpha), f"alpha: expected 0..1, got {self.alpha}"),
            (self.codec not in CODECS, f"codec: expected one of {', '.join(CODECS)}, got {self.codec!r}"),
            (self.score not in SCORES, f"score: expected one of {', '.join(SCORES)}, got {self.score!r}"),
            (self.indices not in INDICES, f"indices: expected one of {', '.join(INDICES)}, got {self.indices!r}"),
            (self.space not in SPACES, f"space: expected one of {', '.join(SPACES)}, got {self.space!r}"),
            (self.codec == "rdq" and blended,
             "codec: expected f32, f16 or int8 with an alpha below 1 or in delta space, got rdq"),
            (self.space == "delta" and self.score not in DATA_FREE,
             f"score: expected {' or '.join(DATA_FREE)} in delta space, got {self.score!r}"),
            (self.codec == "rdq" and self.score not in OF_STEPS,
             f"score: expected {' or '.join(OF_STEPS)} with rdq, got {self.score!r}"),
        ]  # fmt: skip

    @property
    def keeps_whole(self) -> bool:
        """Whether the whole update is kept beside its mask."""
        return self.alpha < 1 or self.space == "delta"


def _is_share(value: float) -> bool:
    return math.isfinite(value) and 0 <= value <= 1
