"""Templates of questions and answers: what a form is, and the phrases that its questions share.

How a template becomes a wording stands in ``expertkit.data.wording``. The slots of the answer say what the schema
needs: ``{a}``, ``{b}`` and ``{c}`` the labels along a path, ``{rel}`` and ``{rel2}`` the types of its relations,
``{b_num}`` a number of node b, ``{r_col}`` a property of the relation that is bound to r, and so on. A bracket of
Cypher is written twice.
"""

from __future__ import annotations

from dataclasses import dataclass

from expertkit.data.wording import SLOT, expand_phrases, fixed_words

_PHRASES = {
    "@show": "[show|list|give|find|get]",
    "@nodes": "[each {a}|every {a}|all {a} nodes|the {a} nodes]",
    "@all": "[all {a} nodes|the {a} nodes|all nodes of {a}]",
    "@flagged": "[each {a_flag} {a}|all {a_flag} {a} nodes|the {a} nodes that are {a_flag}]",
    "@where": "[whose {a_text} is|where {a_text} is|with {a_text}]",
    "@any": "[any|some]",
    "@over": "[over|above|more than|greater than]",
    "@under": "[under|below|less than]",
    "@different": "[different|distinct|unique]",
    "@average": "[average|mean]",
    "@added": "[sum of the|summed|combined]",
    "@highest": "[highest|largest|maximum]",
    "@lowest": "[lowest|smallest|minimum]",
    "@per": "[per|by|for each]",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One kind of query."""

    name: str
    answer: str
    questions: tuple[str, ...]

    @property
    def slots(self) -> tuple[str, ...]:
        """The slots of the answer, each once, in the order of their first use."""
        return tuple(dict.fromkeys(SLOT.findall(self.answer)))

    @property
    def is_loop(self) -> bool:
        """Whether its relation leads from nodes of a label to nodes of the same one."""
        return "rel" in self.slots and "b" not in self.slots

    def property_slots(self, variable: str) -> tuple[str, ...]:
        """The slots for properties of what is bound to ``variable``: a, b, c or r."""
        return tuple(slot for slot in self.slots if slot.startswith(f"{variable}_"))


def make_form(name: str, answer: str, *questions: str) -> Form:
    """A form from its templates, phrases in place."""
    return Form(name=name, answer=answer, questions=tuple(expand_phrases(text, _PHRASES) for text in questions))


def list_words(form: Form) -> set[str]:
    """Every fixed word that the form's questions may hold."""
    return fixed_words(form.questions)
