"""Made-up names: syllables strung together, so that names of several tokens are learnt to be copied."""

from __future__ import annotations

import random
from collections.abc import Container

_SYLLABLES = tuple(consonant + vowel for consonant in "bcdfghjklmnprstvwz" for vowel in "aeiou")


def coin_name(rng: random.Random, *, taken: Container[str]) -> str:
    """Two or three random syllables that are none of the words ``taken``."""
    while True:
        name = "".join(rng.choice(_SYLLABLES) for _ in range(rng.choice((2, 3))))
        if name not in taken:
            return name
