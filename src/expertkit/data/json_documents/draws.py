"""Names and values for the slots of a row; the keys of every object belong, as a set, to the wanted part."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from expertkit.data import words as lists
from expertkit.data.json_documents.forms import KEYWORDS
from expertkit.data.json_documents.phrases import SLOT
from expertkit.data.json_documents.rows import Row
from expertkit.data.json_documents.shapes import Json
from expertkit.data.naming import coin_name
from expertkit.data.split import Part, part_of

Pools = Mapping[str, Sequence[str]]

SEEN: Pools = {
    "e": lists.ENTITIES,
    "k": lists.ENTITIES,
    "t": lists.TEXT_FIELDS,
    "n": lists.NUMBER_FIELDS,
    "f": lists.FLAG_FIELDS,
    "l": lists.LIST_FIELDS,
    "v": lists.VALUES,
}
UNSEEN: Pools = {
    "e": lists.UNSEEN_ENTITIES,
    "k": lists.UNSEEN_ENTITIES,
    "t": lists.UNSEEN_TEXT_FIELDS,
    "n": lists.UNSEEN_NUMBER_FIELDS,
    "f": lists.UNSEEN_FLAG_FIELDS,
    "l": lists.UNSEEN_LIST_FIELDS,
    "v": lists.UNSEEN_VALUES,
}
_KNOWN = frozenset((*KEYWORDS, *(word for pools in (SEEN, UNSEEN) for pool in pools.values() for word in pool)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where names come from, and the part that all sets of names must belong to."""

    part: Part
    pools: Pools
    made_up: bool
    """Half of the names are syllables strung together, drawn fresh."""


def draw_keys(row: Row, source: Source, rng: random.Random) -> dict[str, str]:
    """A name for every key of the row's objects, in the order in which keys are to stand."""
    names: dict[str, str] = {}
    for scope in row.scopes:
        names |= _draw_scope(scope, names, source, rng)
    order = list(names)
    rng.shuffle(order)
    return {slot: names[slot] for slot in order}


def draw_values(row: Row, keys: Mapping[str, str], source: Source, rng: random.Random) -> dict[str, Json]:
    """``keys`` and a value for every other slot of the row; words all differ."""
    drawn: dict[str, Json] = dict(keys)
    taken = set(keys.values())
    numbers = rng.sample(range(1, 100), 9)
    rising = sorted(numbers[4:6])
    for slot in row.slots:
        place = int(slot[1]) - 1
        match slot[0]:
            case "i":
                drawn[slot] = numbers[place]
            case "j":
                drawn[slot] = rising[place]
            case "c":
                drawn[slot] = rng.randrange(1, 13)
            case "b":
                drawn[slot] = rng.random() < 0.5
            case "s":
                drawn[slot] = str(numbers[6])
            case "d":
                drawn[slot] = (10 * rng.randrange(10) + rng.randrange(1, 10)) / 10
            case kind:
                drawn[slot] = _fresh_name(kind, taken, source, rng)
                taken.add(drawn[slot])
    return drawn


def _draw_scope(scope: Sequence[str], others: Mapping[str, str], source: Source, rng: random.Random) -> dict[str, str]:
    while True:
        names: dict[str, str] = {}
        taken = set(others.values())
        for slot in scope:
            names[slot] = _fresh_name(slot[0], taken, source, rng) if SLOT.fullmatch(slot) else slot
            taken.add(names[slot])
        if part_of(" ".join(sorted(names.values()))) == source.part:
            return names


def _fresh_name(kind: str, taken: set[str], source: Source, rng: random.Random) -> str:
    while True:
        name = coin_name(rng, taken=_KNOWN) if source.made_up and rng.random() < 0.5 else rng.choice(source.pools[kind])
        if name not in taken:
            return name
