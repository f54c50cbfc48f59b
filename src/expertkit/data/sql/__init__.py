"""The domain of SQL queries: a schema and a question in, one SELECT out."""

from __future__ import annotations

from expertkit.data.sql.databases import trials
from expertkit.data.sql.forms import FORMS, KEYWORDS
from expertkit.data.sql.generation import generate, sample_document, sample_rewording

__all__ = ["FORMS", "KEYWORDS", "generate", "sample_document", "sample_rewording", "trials"]
