"""Requests for JSON documents under a JSON Schema, with the document each asks for.

Owns the domain's items and the plain text made of them. How documents are graded lives in
``expertkit.evaluation.graders.json_documents``.
"""

from expertkit.data.json_documents.forms import FORMS, KEYWORDS
from expertkit.data.json_documents.generation import generate, sample_document, sample_rewording, trials

__all__ = ["FORMS", "KEYWORDS", "generate", "sample_document", "sample_rewording", "trials"]
