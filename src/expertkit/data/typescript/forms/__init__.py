"""The forms: how each kind of function is asked for, how it is answered, and what it returns."""

from __future__ import annotations

from expertkit.data.typescript.forms.filters import FILTERS
from expertkit.data.typescript.forms.lists import LISTS
from expertkit.data.typescript.forms.orders import FINDS, ORDERS
from expertkit.data.typescript.forms.shapes import SHAPES
from expertkit.data.typescript.forms.template import (
    LITERAL_SLOTS,
    Form,
    Json,
    Slots,
    fill,
    fitting_kinds,
    list_words,
    phrase_question,
    plain_question,
    read_slots,
)
from expertkit.data.typescript.forms.totals import GROUPS, TEXTS, TOTALS

FORM_TABLE: tuple[Form, ...] = (*SHAPES, *FILTERS, *FINDS, *ORDERS, *TOTALS, *TEXTS, *GROUPS, *LISTS)
FORMS: tuple[str, ...] = tuple(form.name for form in FORM_TABLE)
"""The names of all forms, in the order of their rotation."""
FUNCTIONS = ("answer", "compute", "derive", "pick", "solve")
"""The names of functions; they say nothing about what is asked."""
KEYWORDS: tuple[str, ...] = tuple(sorted({*FUNCTIONS, *(word for form in FORM_TABLE for word in list_words(form))}))
"""Every fixed word that questions use, and the names of functions."""

__all__ = [
    "FORMS",
    "FORM_TABLE",
    "FUNCTIONS",
    "KEYWORDS",
    "LITERAL_SLOTS",
    "Form",
    "Json",
    "Slots",
    "fill",
    "fitting_kinds",
    "phrase_question",
    "plain_question",
    "read_slots",
]
