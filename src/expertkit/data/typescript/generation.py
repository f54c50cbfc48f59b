"""Drawing items and documents: a form, an interface that it can ask about, and the slots filled."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from expertkit.data.drawing import MADE_UP_DOCUMENTS, MADE_UP_ITEMS, Questions, draw_rewording
from expertkit.data.items import Item
from expertkit.data.split import Part
from expertkit.data.typescript.forms import (
    FORM_TABLE,
    FUNCTIONS,
    Form,
    fill,
    fitting_kinds,
    phrase_question,
    plain_question,
)
from expertkit.data.typescript.interfaces import TYPES, Interface, digest_interface, draw_interface
from expertkit.data.typescript.names import KNOWN, MADE_UP, UNSEEN, Vocabulary, draw_name

_SHORT_BOUNDS = 0.8  # numbers of one token; the others have two


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """An interface, a function on it, and what stands in the slots of a form."""

    interface: Interface
    slots: dict[str, object]
    function: str

    def context(self, form: Form) -> str:
        """The interface and the signature."""
        return f"{self.interface}\nfunction {self.function}({fill(form.takes, self.slots)}): {self._result(form)}"

    def _result(self, form: Form) -> str:
        return fill(form.returns, self.slots)


def generate(part: Part, *, count: int, seed: int, unseen: bool = False) -> Iterator[Item]:
    """Items of a part, as ``Questions.draw`` gives them; every interface belongs to the part as well."""
    rotation = Questions(domain="typescript", forms=FORM_TABLE, ask=_draw_question, make=_make_item)
    return rotation.draw(part, count=count, seed=seed, unseen=unseen)


def sample_document(rng: random.Random) -> str:
    """An interface of the train part and a whole function on it, as plain text for pretraining."""
    form = rng.choice(FORM_TABLE)
    draft = _draw_draft(rng, form, part="train", vocabulary=_draw_vocabulary(rng, MADE_UP_DOCUMENTS))
    return f"{draft.context(form)} {{\n{fill(form.answer, draft.slots)}\n}}"


def sample_rewording(rng: random.Random) -> tuple[str, str]:
    """A question of the train part, in any wording and in the plain one of its form; no answer."""
    form = rng.choice(FORM_TABLE)
    vocabulary = _draw_vocabulary(rng, MADE_UP_ITEMS)

    def draw() -> tuple[str, str]:
        slots = _draw_draft(rng, form, part="train", vocabulary=vocabulary).slots
        return fill(phrase_question(form, rng), slots), fill(plain_question(form), slots)

    return draw_rewording(draw)


def _draw_question(rng: random.Random, form: Form, part: Part, made_up: float | None) -> tuple[str, _Draft]:
    """A question with its draft; ``made_up`` is None where all names are unseen ones."""
    vocabulary = UNSEEN if made_up is None else _draw_vocabulary(rng, made_up)
    draft = _draw_draft(rng, form, part=part, vocabulary=vocabulary)
    return fill(phrase_question(form, rng), draft.slots), draft


def _make_item(id_: str, form: Form, question: str, draft: _Draft) -> Item:
    return Item(
        id=id_,
        form=form.name,
        group=digest_interface(draft.interface),
        question=question,
        context=draft.context(form),
        answer=fill(form.answer, draft.slots),
    )


def _draw_vocabulary(rng: random.Random, made_up: float) -> Vocabulary:
    return MADE_UP if rng.random() < made_up else KNOWN


def _draw_draft(rng: random.Random, form: Form, *, part: Part, vocabulary: Vocabulary) -> _Draft:
    kinds = [rng.choice(fitting_kinds(slot)) for slot in form.field_slots]
    interface = draw_interface(rng, vocabulary, part=part, kinds=kinds, size=rng.randint(3, 4))
    slots = {
        "entity": interface.entity,
        "Entity": interface.name,
        **_assign_fields(rng, form, interface),
        **_draw_values(rng, vocabulary),
        **_draw_numbers(rng, ranged="bound2" in form.slots),
    }
    return _Draft(interface=interface, slots=slots, function=rng.choice(FUNCTIONS))


def _assign_fields(rng: random.Random, form: Form, interface: Interface) -> dict[str, str]:
    """A different field of the interface for every slot, the least choosy slots last, and its type."""
    assigned: dict[str, str] = {}
    types: dict[str, str] = {}
    for slot in sorted(form.field_slots, key=lambda slot: len(fitting_kinds(slot))):
        fitting = [field for field in interface.fields if field.kind in fitting_kinds(slot)]
        field = rng.choice([field for field in fitting if field.name not in assigned.values()])
        assigned[slot] = field.name
        types[f"{slot}_type"] = TYPES[field.kind]
    return assigned | types


def _draw_values(rng: random.Random, vocabulary: Vocabulary) -> dict[str, str]:
    return {"value": draw_name(rng, vocabulary.values, made_up=vocabulary.made_up)}


def _draw_numbers(rng: random.Random, *, ranged: bool) -> dict[str, int]:
    low, high = sorted(rng.sample(range(2, 100), k=2))
    lone = rng.randint(2, 99) if rng.random() < _SHORT_BOUNDS else 10 * rng.randint(10, 99)
    return {"bound": low if ranged else lone, "bound2": high, "count": rng.randint(2, 7), "letters": rng.randint(3, 6)}
