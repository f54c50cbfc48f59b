"""The forms: how each kind of query is asked for, and how it is answered."""

from __future__ import annotations

from expertkit.data.cypher.forms.aggregates import AGGREGATES, GROUPS
from expertkit.data.cypher.forms.hops import HOPS, OPTIONS, RELATIONS
from expertkit.data.cypher.forms.nodes import CONDITIONS, ORDERS, PROPERTIES
from expertkit.data.cypher.forms.paths import LOOPS, PATHS
from expertkit.data.cypher.forms.template import Form, list_words

FORM_TABLE: tuple[Form, ...] = (
    *PROPERTIES, *CONDITIONS, *ORDERS, *AGGREGATES, *GROUPS, *HOPS, *OPTIONS, *RELATIONS, *PATHS, *LOOPS,
)  # fmt: skip
FORMS: tuple[str, ...] = tuple(form.name for form in FORM_TABLE)
"""The names of all forms, in the order of their rotation."""
KEYWORDS: tuple[str, ...] = tuple(sorted({word for form in FORM_TABLE for word in list_words(form)}))
"""Every fixed word that questions use."""

__all__ = ["FORMS", "FORM_TABLE", "KEYWORDS", "Form"]
