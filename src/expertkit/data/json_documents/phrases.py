"""The small language that questions are written in, and how one is worded.

A slot, such as ``t1``, stands for a drawn word; ``(a|b)`` for one of both; ``[t1 v1; n1 i1]`` for facts
in any order, opened and joined in one of several ways.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping
from typing import Any

SLOT = re.compile(r"\b[a-z]\d\b")

_OPENINGS = (("with", False), ("having", False), ("whose", True), ("where", True))
"""How facts open, and whether a verb stands between name and value."""
_FACTS = re.compile(r"\[([^]]*)\]")
_CHOICE = re.compile(r"\(([^)]*)\)")
_ARTICLE = re.compile(r"\ba (?=[aeiou])")


def word_question(ask: str, words: Mapping[str, object], rng: random.Random) -> str:
    """The question in one of its wordings."""
    stated = _FACTS.sub(lambda found: _word_facts(found[1].split("; "), rng), ask)
    chosen = _CHOICE.sub(lambda found: rng.choice(found[1].split("|")), stated)
    return _ARTICLE.sub("an ", SLOT.sub(lambda found: str(words[found[0]]).lower(), chosen))


def plain_question(ask: str, words: Mapping[str, object]) -> str:
    """The question in the first of its wordings, facts in the order in which they were written."""
    return word_question(ask, words, _First())


class _First(random.Random):
    """Draws that are none: the first of every choice."""

    def choice(self, seq: Any) -> Any:
        return seq[0]

    def shuffle(self, x: Any) -> None:
        """Leave the order as it is."""


def _word_facts(facts: list[str], rng: random.Random) -> str:
    opening, verb = rng.choice(_OPENINGS)
    rng.shuffle(facts)
    stated = [_word_fact(fact, verb=verb) for fact in facts]
    return f"{opening} " + " and ".join([", ".join(stated[:-1]), stated[-1]] if stated[1:] else stated)


def _word_fact(fact: str, *, verb: bool) -> str:
    if not verb:
        return fact
    name, value = fact.split(" ", 1)
    return f"{name} {'are' if name.startswith('l') else 'is'} {value}"


def fixed_words(asks: Iterable[str]) -> frozenset[str]:
    """Every word of these questions, in any wording, that no slot stands for."""
    stated = {word for ask in asks for word in re.findall(r"[a-z]+", SLOT.sub(" ", ask))}
    return frozenset(stated | {opening for opening, _ in _OPENINGS} | {"a", "an", "and", "are", "is", "true", "false"})
