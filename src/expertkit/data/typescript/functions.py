"""Functions as values: a form with fields and literals in its slots, and those that it could be taken for."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from expertkit.data.items import Item
from expertkit.data.typescript.forms import FORM_TABLE, Form, Json, Slots, fill, fitting_kinds, read_slots
from expertkit.data.typescript.interfaces import TYPES, Interface

_FORMS = {form.name: form for form in FORM_TABLE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """What an item asks for, or something else that could be written in its place."""

    form: Form
    slots: Slots

    def __call__(self, argument: Json) -> Json:
        """What it returns; None stands for undefined."""
        return self.form.reference(argument, self.slots)


def read_function(item: Item) -> Function:
    """The function that an item asks for.

    Raises:
        ValueError: the answer is none of the item's form.
    """
    form = _FORMS[item.form]
    said = read_slots(form, item.answer)
    return Function(form=form, slots={slot: int(text) if text.isdecimal() else text for slot, text in said.items()})


def list_rivals(asked: Function, interface: Interface) -> Iterator[Function]:
    """Other functions of the same type: with a literal off, a slip, on other fields, or of another form."""
    yield from _list_misread(asked)
    yield from (Function(form=replace(asked.form, reference=slip), slots=asked.slots) for slip in asked.form.slips)
    type_ = _write_type(asked, interface)
    for form in FORM_TABLE:
        if set(form.literal_slots) <= set(asked.form.literal_slots):
            for fields in _assignments(form, interface):
                rival = Function(form=form, slots={**_literals(asked), **fields})
                if rival != asked and _write_type(rival, interface) == type_:
                    yield rival


def _literals(function: Function) -> dict[str, Any]:
    return {slot: function.slots[slot] for slot in function.form.literal_slots}


def list_neighbours(asked: Function) -> Iterator[tuple[Function, Function]]:
    """For each bound the function with a little less and with a little more, of which one takes it for the other side.

    Where the bound itself does not occur in numbers that are quarters, both return what the function returns.
    """
    for slot in {"bound", "bound2"} & set(asked.form.literal_slots):
        less, more = ({**asked.slots, slot: asked.slots[slot] + step} for step in (-0.25, 0.25))
        yield Function(form=asked.form, slots=less), Function(form=asked.form, slots=more)


def _list_misread(asked: Function) -> Iterator[Function]:
    for slot, said in _literals(asked).items():
        for other in (said - 1, said + 1) if isinstance(said, int) else (f"{said}s", said[:-1]):
            yield Function(form=asked.form, slots={**asked.slots, slot: other})


def _assignments(form: Form, interface: Interface) -> Iterator[dict[str, str]]:
    """Every way to put different fields into the form's slots."""
    fitting = [
        [field.name for field in interface.fields if field.kind in fitting_kinds(slot)] for slot in form.field_slots
    ]
    for names in itertools.product(*fitting):
        if len(set(names)) == len(names):
            yield dict(zip(form.field_slots, names, strict=True))


def _write_type(function: Function, interface: Interface) -> str:
    """The parameter and the result, as a signature has them."""
    types = {field.name: TYPES[field.kind] for field in interface.fields}
    typed = {f"{slot}_type": types[function.slots[slot]] for slot in function.form.field_slots}
    return fill(f"{function.form.takes} {function.form.returns}", {**function.slots, **typed, "Entity": interface.name})
