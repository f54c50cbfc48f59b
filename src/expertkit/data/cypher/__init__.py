"""The domain of Cypher queries: a graph schema and a question in, one reading query out."""

from __future__ import annotations

from expertkit.data.cypher.forms import FORMS, KEYWORDS
from expertkit.data.cypher.generation import generate, sample_document, sample_rewording
from expertkit.data.cypher.graphs import trials

__all__ = ["FORMS", "KEYWORDS", "generate", "sample_document", "sample_rewording", "trials"]
