"""A few of the generated attacks; ``make attack`` runs 100,000."""

from __future__ import annotations

import random
from pathlib import Path

from tests.attacks.generated import attempt, hostile

FEW = 300


def test_generated_archives_are_refused_or_right(tmp_path: Path) -> None:
    """Both happen, in both forms, and nothing else does."""
    told = [
        attempt(hostile(random.Random(n)), tmp_path / str(n), form)
        for n in range(FEW)
        for form in ("archive", "legacy")
    ]

    assert set(told) == {"refused", "accepted"}
    assert not any(tmp_path.iterdir())
