"""Templates of questions and answers: what a form is, and how a question is worded.

A template holds ``{slots}`` that a draw fills, ``[one|other]`` choices and ``@phrases`` that stand
for a choice made in many places. The slots of the answer say what the schema needs: ``{num}`` a
number column, ``{owner}`` a table that ``{table}`` refers to, and so on.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

_PHRASES = {
    "@show": "[show|list|give|find|get]",
    "@rows": "[each {table}|every {table}|all {table} rows|the {table} rows]",
    "@all": "[all {table} rows|the {table} rows|all rows of {table}|the rows of {table}]",
    "@owners": "[each {owner}|every {owner}|all {owner} rows|the {owner} rows]",
    "@flagged": "[each {flag} {table}|all {flag} {table} rows|the {table} rows that are {flag}]",
    "@allflagged": "[all {flag} {table} rows|the {table} rows that are {flag}]",
    "@unflagged": "[each {table} that is not {flag}|all {table} rows that are not {flag}]",
    "@where": "[whose {text} is|where {text} is|with {text}]",
    "@over": "[over|above|more than|greater than]",
    "@under": "[under|below|less than]",
    "@different": "[different|distinct|unique]",
    "@average": "[average|mean]",
    "@added": "[sum of the|summed|combined]",
    "@highest": "[highest|largest|maximum]",
    "@lowest": "[lowest|smallest|minimum]",
    "@per": "[per|by|for each]",
}
_COLUMN_SLOTS = ("col", "num", "text", "flag")
_CHOICE = re.compile(r"\[([^]]*)\]")
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One kind of query."""

    name: str
    answer: str
    questions: tuple[str, ...]

    @property
    def column_slots(self) -> tuple[str, ...]:
        """The slots for columns of the table asked about."""
        return tuple(slot for slot in self.slots if slot.rstrip("2") in _COLUMN_SLOTS)

    @property
    def owner_slots(self) -> tuple[str, ...]:
        """The slots for columns of the table that it refers to; none where that one is not needed."""
        return tuple(slot for slot in self.slots if slot.startswith("owner_"))

    @property
    def slots(self) -> tuple[str, ...]:
        """The slots of the answer, each once, in the order of their first use."""
        return tuple(dict.fromkeys(_SLOT.findall(self.answer)))


def phrase_question(form: Form, rng: random.Random) -> str:
    """One wording of the form's question, its slots still open."""
    return _CHOICE.sub(lambda choice: rng.choice(choice[1].split("|")), rng.choice(form.questions))


def plain_question(form: Form) -> str:
    """The first wording of the form's question, its slots still open: the same for every other wording."""
    return _CHOICE.sub(lambda choice: choice[1].split("|")[0], form.questions[0])


def make_form(name: str, answer: str, *questions: str) -> Form:
    """A form from its templates, phrases in place."""
    expanded = tuple(re.sub(r"@\w+", lambda phrase: _PHRASES[phrase[0]], question) for question in questions)
    return Form(name=name, answer=answer, questions=expanded)


def list_words(form: Form) -> set[str]:
    """Every fixed word that the form's questions may hold."""
    return {word for question in form.questions for word in re.findall("[a-z]+", _SLOT.sub("", question))}
