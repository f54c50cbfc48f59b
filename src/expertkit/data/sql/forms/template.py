"""Templates of questions and answers: what a form is, and the phrases that its questions share.

How a template becomes a wording stands in ``expertkit.data.wording``. The slots of the answer say what the
schema needs: ``{num}`` a number column, ``{owner}`` a table that ``{table}`` refers to, and so on.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from expertkit.data.wording import SLOT, draw_wording, expand_phrases, fixed_words, plain_wording

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
        return tuple(dict.fromkeys(SLOT.findall(self.answer)))


def phrase_question(form: Form, rng: random.Random) -> str:
    """One wording of the form's question, its slots still open."""
    return draw_wording(form.questions, rng)


def plain_question(form: Form) -> str:
    """The wording that stands for all others of the form, its slots still open."""
    return plain_wording(form.questions)


def make_form(name: str, answer: str, *questions: str) -> Form:
    """A form from its templates, phrases in place."""
    return Form(name=name, answer=answer, questions=tuple(expand_phrases(text, _PHRASES) for text in questions))


def list_words(form: Form) -> set[str]:
    """Every fixed word that the form's questions may hold."""
    return fixed_words(form.questions)
