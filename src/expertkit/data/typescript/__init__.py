"""The domain of TypeScript functions: an interface, a signature and a question in, the function's body out."""

from __future__ import annotations

from expertkit.data.typescript.calls import trials
from expertkit.data.typescript.forms import FORMS, KEYWORDS
from expertkit.data.typescript.generation import generate, sample_document, sample_rewording

__all__ = ["FORMS", "KEYWORDS", "generate", "sample_document", "sample_rewording", "trials"]
