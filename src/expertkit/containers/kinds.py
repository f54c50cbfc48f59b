"""What a section may be (docs/format.md, section 4)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A type of section."""

    number: int
    word: str
    has_tensors: bool = False


ADAPTER = Kind(number=1, word="adapter", has_tensors=True)
OSD = Kind(number=2, word="osd")
SOFT_PROMPT = Kind(number=3, word="soft-prompt", has_tensors=True)
GRAMMAR = Kind(number=4, word="grammar")
ROUTER_KEYWORDS = Kind(number=5, word="router-keywords")
ROUTER_EMBEDDINGS = Kind(number=6, word="router-embeddings", has_tensors=True)
TOKENIZER = Kind(number=7, word="tokenizer")
LICENCE = Kind(number=8, word="licence")
DOCS = Kind(number=9, word="docs")
TESTS = Kind(number=10, word="tests")
EVALUATION = Kind(number=11, word="evaluation")
PROVENANCE = Kind(number=12, word="provenance")
SETTINGS = Kind(number=13, word="settings")
CUSTOM = Kind(number=0x8001, word="custom")

KINDS: dict[int, Kind] = {
    kind.number: kind
    for kind in (
        ADAPTER, OSD, SOFT_PROMPT, GRAMMAR, ROUTER_KEYWORDS, ROUTER_EMBEDDINGS, TOKENIZER, LICENCE, DOCS, TESTS,
        EVALUATION, PROVENANCE, SETTINGS, CUSTOM,
    )
}  # fmt: skip

_FIRST_ANCILLARY = 0x8000


def is_critical(number: int) -> bool:
    """Whether a reader that does not know a type has to refuse the file."""
    return number < _FIRST_ANCILLARY


def word(number: int) -> str:
    """What a type is called."""
    return KINDS[number].word if number in KINDS else f"type {number}"
