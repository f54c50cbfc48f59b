"""Where the names and values of a drawn schema come from: known words, unseen words, made-up ones.

Owns the choice only; the words themselves stand in ``expertkit.data.words``.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from expertkit.data import words
from expertkit.data.naming import coin_name
from expertkit.data.sql.forms import KEYWORDS

# what syllables can make, and a parser would take for something else
_SQL_WORDS = (
    "add all alter and any asc between case cast check collate commit create cross cube date default delete "
    "desc describe distinct drop else end escape except exclude exists fetch file for foreign from function "
    "glob grant group having if ilike index inner insert into isnull join key lateral left like limit lock "
    "natural not nothing notnull null offset on or order outer primary qualify raise regexp rename revoke rlike "
    "rollback rollup row rows select semi set some table then time union unique update using values when where "
    "window with xor"
).split()
"""Names that SQLite or sqlglot would misread."""
_TAKEN = frozenset(
    (
        *(word for name, group in vars(words).items() if name.isupper() for word in group),
        *KEYWORDS,
        *_SQL_WORDS,
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The names that a schema and its values are drawn from."""

    entities: Sequence[str]
    numbers: Sequence[str]
    texts: Sequence[str]
    flags: Sequence[str]
    values: Sequence[str]
    made_up: float = 0.0
    """The share of names that are made up instead."""


KNOWN = Vocabulary(
    entities=words.ENTITIES,
    numbers=words.NUMBER_FIELDS,
    texts=words.TEXT_FIELDS,
    flags=words.FLAG_FIELDS,
    values=words.VALUES,
)
UNSEEN = Vocabulary(
    entities=words.UNSEEN_ENTITIES,
    numbers=words.UNSEEN_NUMBER_FIELDS,
    texts=words.UNSEEN_TEXT_FIELDS,
    flags=words.UNSEEN_FLAG_FIELDS,
    values=words.UNSEEN_VALUES,
)
MADE_UP = replace(KNOWN, made_up=0.7)
"""Mostly made-up names among known ones: copying them is learnt without making every item long."""


def draw_name(rng: random.Random, pool: Sequence[str], *, made_up: float) -> str:
    """A word of the pool, or with probability ``made_up`` one that nobody has seen."""
    return coin_name(rng, taken=_TAKEN) if rng.random() < made_up else rng.choice(pool)
