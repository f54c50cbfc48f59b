"""Templates of contexts, questions and answers: what a form is, and how a question is worded.

A template holds ``$slots`` that a draw fills, ``[one|other]`` choices and ``@phrases`` that stand for a
choice made in many places. The slots of the answer say which fields the interface needs: ``$num`` a
number, ``$maybe`` a text that may be missing, and so on.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from string import Template
from typing import Any

from expertkit.data.wording import draw_wording, expand_phrases, plain_wording

Json = Any
Slots = Mapping[str, Any]
"""What stands in the slots: names and values as text, numbers as numbers."""
Reference = Callable[[Any, Slots], Json]
"""What the function returns for its argument; None stands for undefined."""

FIELD_SLOTS = {
    "col": ("number", "text"),
    "num": ("number",),
    "text": ("text",),
    "flag": ("flag",),
    "maybe": ("maybe",),
    "nums": ("numbers",),
    "texts": ("texts",),
}
"""The kinds of field that fit each slot; a second slot of a kind ends in 2."""
LITERAL_SLOTS = ("value", "bound", "bound2", "count", "letters")
"""The slots of an answer that no field stands in."""

_PHRASES = {
    "@give": "[show|return|list|give|find|get]",
    "@rows": "[each $entity|every $entity|all $entity rows|the $entity rows]",
    "@all": "[all $entity rows|the $entity rows|all rows of $entity|the rows of $entity]",
    "@flagged": "[each $flag $entity|all $flag $entity rows|the $entity rows that are $flag]",
    "@unflagged": "[each $entity that is not $flag|all $entity rows that are not $flag]",
    "@where": "[whose $text is|where $text is|with $text]",
    "@over": "[over|above|more than|greater than]",
    "@under": "[under|below|less than]",
    "@different": "[different|distinct|unique]",
    "@average": "[average|mean]",
    "@added": "[sum of the|summed|combined]",
    "@highest": "[highest|largest|maximum]",
    "@lowest": "[lowest|smallest|minimum]",
    "@per": "[per|by|for each]",
    "@missing": "[missing|undefined]",
    "@none": "[or 0 for no rows|or 0 if there are no rows|or 0 if there are none]",
}
_SLOT = re.compile(r"\$(\w+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One kind of function."""

    name: str
    takes: str
    """The parameter and its type."""
    returns: str
    """The type of the result."""
    answer: str
    """The body of the function."""
    reference: Reference
    """The same in Python, for the results that tests expect."""
    questions: tuple[str, ...]
    slips: tuple[Reference, ...] = ()
    """What functions return that are wrong on what is easily forgotten: ties, empty texts, the last of several."""
    keys: frozenset[str] = frozenset()
    """The slots of fields that no two rows may share a value of: the question leaves open what then counts."""

    @property
    def slots(self) -> tuple[str, ...]:
        """The slots of the answer, each once, in the order of their first use."""
        return tuple(dict.fromkeys(_SLOT.findall(self.answer)))

    @property
    def field_slots(self) -> tuple[str, ...]:
        """The slots for fields of the interface."""
        return tuple(slot for slot in self.slots if slot not in LITERAL_SLOTS)

    @property
    def literal_slots(self) -> tuple[str, ...]:
        """The slots for values and numbers that the question names."""
        return tuple(slot for slot in self.slots if slot in LITERAL_SLOTS)


def fitting_kinds(slot: str) -> tuple[str, ...]:
    """The kinds of field that may stand in a slot."""
    return FIELD_SLOTS[slot.rstrip("2")]


def fill(template: str, slots: Slots) -> str:
    """The text with every slot filled."""
    return Template(template).substitute(slots)


def read_slots(form: Form, answer: str) -> dict[str, str]:
    """What stands in the slots of an answer of that form.

    Raises:
        ValueError: it is none.
    """
    found = re.fullmatch(_answer_pattern(form), answer)
    if not found:
        raise ValueError(f"no answer of the form {form.name!r}: {answer!r}")
    return found.groupdict()


def phrase_question(form: Form, rng: random.Random) -> str:
    """One wording of the form's question, its slots still open."""
    return draw_wording(form.questions, rng)


def plain_question(form: Form) -> str:
    """The first wording of the form's question, its slots still open: the same for every other wording."""
    return plain_wording(form.questions)


def expand(*questions: str) -> tuple[str, ...]:
    """The questions with their phrases in place."""
    return tuple(expand_phrases(question, _PHRASES) for question in questions)


def list_words(form: Form) -> set[str]:
    """Every fixed word that the form's questions may hold."""
    return {word for question in form.questions for word in re.findall("[a-z]+", _SLOT.sub("", question))}


def _answer_pattern(form: Form) -> str:
    """The answer's template as a regular expression: a slot is a word, and the same one wherever it stands again."""
    seen: set[str] = set()
    pattern = ""
    for fixed, slot in re.findall(r"([^$]+)(?:\$(\w+))?", form.answer):
        pattern += re.escape(fixed)
        if slot:
            pattern += f"(?P={slot})" if slot in seen else rf"(?P<{slot}>\w+)"
            seen.add(slot)
    return pattern
