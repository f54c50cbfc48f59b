"""Which part a question or a schema belongs to, decided by its own text.

The rule needs no list and no seed: whoever generates data, whenever, with whatever seed, a schema
or question of the test part never turns up in training. Nightly evaluations on fresh seeds and
the base models' own text rely on it.
"""

from __future__ import annotations

import hashlib
from typing import Literal

Part = Literal["train", "dev", "test"]
PARTS: tuple[Part, ...] = ("train", "dev", "test")

_DEV_BELOW, _TEST_BELOW = 26, 77  # of 256: about 10 % dev, 20 % test, 70 % train


def part_of(text: str) -> Part:
    """The one part that ``text`` (a question, or the canonical text of a schema) may appear in."""
    bucket = hashlib.sha256(text.encode()).digest()[0]
    if bucket < _DEV_BELOW:
        return "dev"
    return "test" if bucket < _TEST_BELOW else "train"
