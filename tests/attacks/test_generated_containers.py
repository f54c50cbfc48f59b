"""A few of the generated containers; ``python -m tests.attacks.containers`` makes 2,000,000."""

from __future__ import annotations

import random
from collections import Counter

from tests.attacks.containers import attempt, hostile

FEW = 4_000


def test_generated_containers_are_refused_or_right() -> None:
    """Both happen and nothing else does: the two readers agree on every one of them."""
    told = Counter(attempt(hostile(random.Random(case))) for case in range(FEW))

    assert set(told) == {"refused", "accepted"}
    assert min(told.values()) > FEW // 20
