"""The forms: how each kind of query is asked for, and how it is answered."""

from __future__ import annotations

from expertkit.data.sql.forms.aggregates import AGGREGATES, GROUPS
from expertkit.data.sql.forms.joins import JOINS, SUBQUERIES
from expertkit.data.sql.forms.rows import COLUMNS, CONDITIONS, ORDERS
from expertkit.data.sql.forms.template import Form, list_words, phrase_question, plain_question

FORM_TABLE: tuple[Form, ...] = (*COLUMNS, *CONDITIONS, *ORDERS, *AGGREGATES, *GROUPS, *SUBQUERIES, *JOINS)
FORMS: tuple[str, ...] = tuple(form.name for form in FORM_TABLE)
"""The names of all forms, in the order of their rotation."""
KEYWORDS: tuple[str, ...] = tuple(sorted({word for form in FORM_TABLE for word in list_words(form)}))
"""Every fixed word that questions use."""

__all__ = ["FORMS", "FORM_TABLE", "KEYWORDS", "Form", "phrase_question", "plain_question"]
