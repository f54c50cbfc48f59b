"""The generated domains, by the name a manifest gives in ``training.dataset.generation.domain``."""

from __future__ import annotations

import importlib
import random
from collections.abc import Iterator
from typing import Protocol

from expertkit.data.items import Item
from expertkit.data.split import Part

_MODULES = {
    "sql": "expertkit.data.sql",
    "json": "expertkit.data.json_documents",
    "cypher": "expertkit.data.cypher",
    "typescript": "expertkit.data.typescript",
}

DOMAINS = tuple(_MODULES)


class Domain(Protocol):
    """What a module of a domain offers."""

    FORMS: tuple[str, ...]
    """The kinds of question, each scored by itself."""
    KEYWORDS: tuple[str, ...]
    """The fixed words of the phrasings, for the embedded tokenizer."""

    def generate(self, part: Part, *, count: int, seed: int, unseen: bool = False) -> Iterator[Item]:
        """Exactly ``count`` items of a part, the same for the same arguments on every machine."""

    def sample_rewording(self, rng: random.Random) -> tuple[str, str]:
        """A question and the plain wording that all questions of its form share; no answer."""

    def trials(self, item: Item, *, count: int = 3) -> tuple[tuple[str, ...], ...]:
        """What an answer to ``item`` is run on or with, one script a trial; none where answers are not run."""

    def sample_document(self, rng: random.Random) -> str:
        """A context with an answer and no question: plain text of the language."""


def domain(name: str) -> Domain:
    """The domain of that name.

    Raises:
        KeyError: there is no such domain.
    """
    module: Domain = importlib.import_module(_MODULES[name])
    return module
