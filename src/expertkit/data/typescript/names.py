"""Where the names and values of a drawn interface come from: known words, unseen words, made-up ones.

Owns the choice only; the words themselves stand in ``expertkit.data.words``.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from expertkit.data import words
from expertkit.data.naming import coin_name
from expertkit.data.typescript.forms import KEYWORDS

# what syllables can make, and a compiler or a reader would take for something else
_TYPESCRIPT_WORDS = (
    "abstract any array arguments as assert async await bigint boolean break case catch class const counts date "
    "debugger declare default delete do else enum error eval export extends false filter finally find for from "
    "function get global if implements import in infer infinity instanceof interface intl is iterator join json "
    "keyof let length map math module namespace nan never new null number object of omit out package partial pick "
    "promise proxy readonly record reduce reflect regexp require return reverse row rows satisfies set size slice "
    "some sort static string sum sums super switch symbol target this throw true try type typeof undefined union "
    "unique unknown using value var void while with word yield"
).split()
"""Words of the language and of the answers, and the global types that an interface could be named like."""
_TAKEN = frozenset(
    (
        *(word for name, group in vars(words).items() if name.isupper() for word in group),
        *KEYWORDS,
        *_TYPESCRIPT_WORDS,
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The names that an interface and its values are drawn from."""

    entities: Sequence[str]
    fields: Mapping[str, Sequence[str]]
    """By kind of field."""
    values: Sequence[str]
    made_up: float = 0.0
    """The share of names that are made up instead."""


KNOWN = Vocabulary(
    entities=words.ENTITIES,
    fields={
        "number": words.NUMBER_FIELDS,
        "text": words.TEXT_FIELDS,
        "flag": words.FLAG_FIELDS,
        "maybe": words.TEXT_FIELDS,
        "numbers": words.NUMBER_FIELDS,
        "texts": words.LIST_FIELDS,
    },
    values=words.VALUES,
)
UNSEEN = Vocabulary(
    entities=words.UNSEEN_ENTITIES,
    fields={
        "number": words.UNSEEN_NUMBER_FIELDS,
        "text": words.UNSEEN_TEXT_FIELDS,
        "flag": words.UNSEEN_FLAG_FIELDS,
        "maybe": words.UNSEEN_TEXT_FIELDS,
        "numbers": words.UNSEEN_NUMBER_FIELDS,
        "texts": words.UNSEEN_LIST_FIELDS,
    },
    values=words.UNSEEN_VALUES,
)
MADE_UP = replace(KNOWN, made_up=0.7)
"""Mostly made-up names among known ones: copying them is learnt without making every item long."""


def draw_name(rng: random.Random, pool: Sequence[str], *, made_up: float) -> str:
    """A word of the pool, or with probability ``made_up`` one that nobody has seen."""
    return coin_name(rng, taken=_TAKEN) if rng.random() < made_up else rng.choice(pool)
