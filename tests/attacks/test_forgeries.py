"""A few of the forgeries; ``python -m tests.attacks.forgeries`` makes 1,000,000."""

from __future__ import annotations

import random
from collections import Counter

from tests.attacks.forgeries import attempt, worlds

FEW = 2_000


def test_what_was_really_signed_is_believed() -> None:
    """Each of the worlds that forgeries begin with holds as it is."""
    for world in worlds():
        verdict = world.verifier.judge(world.signed, about=lambda _statement: None)

        assert len(verdict.vouchers) == len(world.signed)


def test_no_forgery_is_believed() -> None:
    """Most get as far as to be distrusted, and only what nobody touched is believed."""
    told = Counter(attempt(random.Random(case)) for case in range(FEW))

    assert set(told) == {"malformed", "distrusted", "untouched", "beside"}
    assert told["distrusted"] > FEW // 3
    assert told["malformed"] > FEW // 20
