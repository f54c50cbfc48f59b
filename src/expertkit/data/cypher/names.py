"""Where the names and values of a drawn graph schema come from: known words, unseen words, made-up ones.

Owns the choice, and the types of relations, which no other domain has; all other words stand in
``expertkit.data.words``.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from expertkit.data import words
from expertkit.data.cypher.forms import KEYWORDS
from expertkit.data.naming import coin_name

RELATIONS = (
    "added approved archived booked broke chose closed confirmed cut fed formed joined kept led licensed locked lost "
    "loved made met moved named noted opened owned paid parked read rode scored sent served shared shut sold spent "
    "stole stored told trained verified won wore"
).split()
"""Types of relations: what one node did with another, one or two tokens of the embedded tokenizer each."""
UNSEEN_RELATIONS = "admired bribed chased dazzled fetched hugged juggled knitted mocked nudged plucked rescued".split()
"""Types of relations that appear in no training text."""

_ENGINE_WORDS = (
    "acyclic all and any asc by case cast column create default desc distinct else end ends exists false glob group "
    "headers hint in index install is join limit macro match none not null on only optional or order primary profile "
    "set shortest single skip starts table then trail true union unwind when where with xor"
).split()
"""Names that LadybugDB or Neo4j would misread; of the words that others share, only ``trail`` is one."""
_TAKEN = frozenset((
    *(word for name, group in vars(words).items() if name.isupper() for word in group),
    *RELATIONS, *UNSEEN_RELATIONS, *KEYWORDS, *_ENGINE_WORDS,
))  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The names that a schema and its values are drawn from."""

    entities: Sequence[str]
    relations: Sequence[str]
    numbers: Sequence[str]
    texts: Sequence[str]
    flags: Sequence[str]
    values: Sequence[str]
    made_up: float = 0.0
    """The share of names that are made up instead."""


KNOWN = Vocabulary(
    entities=tuple(word for word in words.ENTITIES if word not in _ENGINE_WORDS),
    relations=RELATIONS,
    numbers=words.NUMBER_FIELDS,
    texts=words.TEXT_FIELDS,
    flags=tuple(word for word in words.FLAG_FIELDS if word not in RELATIONS),
    values=words.VALUES,
)
UNSEEN = Vocabulary(
    entities=words.UNSEEN_ENTITIES,
    relations=UNSEEN_RELATIONS,
    numbers=words.UNSEEN_NUMBER_FIELDS,
    texts=words.UNSEEN_TEXT_FIELDS,
    flags=words.UNSEEN_FLAG_FIELDS,
    values=words.UNSEEN_VALUES,
)
MADE_UP = replace(KNOWN, made_up=0.7)
"""Mostly made-up names among known ones: copying them is learnt without making every item long."""


def draw_name(rng: random.Random, pool: Sequence[str], *, made_up: float, taken: set[str]) -> str:
    """A word of the pool, or with probability ``made_up`` one that nobody has seen; it is ``taken`` from then on."""
    while True:
        name = coin_name(rng, taken=_TAKEN) if rng.random() < made_up else rng.choice(pool)
        if name not in taken:
            taken.add(name)
            return name
