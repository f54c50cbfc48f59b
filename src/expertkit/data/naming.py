"""Made-up names: syllables strung together, so that names of several tokens are learnt to be copied.

The syllables are as varied as those of real words: a model that has copied only one kind of
syllable would complete an unknown name instead of copying it.
"""

from __future__ import annotations

import random
from collections.abc import Container

_ONSETS = (
    "b c d f g h j k l m n p r s t v w y z bl br ch cl cr dr fl fr gl gr pl pr qu "
    "sc sh sk sl sm sn sp st str sw th tr tw"
).split()
_VOWELS = "a e i o u a e i o u ai au ea ee ie oa oo ou y".split()
_CODAS = "b ck d f g l ld lk ll m mp n nd ng nk nt p r rd rk rm rn s sh sk ss st t th x".split()


def coin_name(rng: random.Random, *, taken: Container[str]) -> str:
    """One to three random syllables, three to eight letters, that are none of the words ``taken``."""
    while True:
        name = "".join(_syllable(rng) for _ in range(rng.choice((1, 2, 2, 2, 3))))
        if name not in taken and 3 <= len(name) <= 8:
            return name


def _syllable(rng: random.Random) -> str:
    onset = rng.choice(_ONSETS) if rng.random() < 0.85 else ""
    coda = rng.choice(_CODAS) if rng.random() < 0.4 else ""
    return onset + rng.choice(_VOWELS) + coda
