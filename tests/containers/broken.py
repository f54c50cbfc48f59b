"""Containers that break one rule each, and what has to be said of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from expertkit.containers import toc
from expertkit.containers.reader import Container
from expertkit.containers.sources import Held
from expertkit.containers.writer import Options
from tests.containers.builders import ENTRY, HEADER, Pieces, patched, small, smallest, written
from tests.containers.builders import drafts as small_drafts

BASE = small()
"""Layers 0, 10 and none (1 to 3, in planes), a grammar (4, zstd), an empty text (5) and 64 bytes (6)."""
RAW = small(options=Options(codec="raw"))
UNSIGNED = written(small_drafts())
SMALLEST = smallest()

_BASE = Container(Held(BASE))
TOC_AT = _BASE.header.toc_at
BLOCK_AT = _BASE.header.signatures_at
AT = {entry.id: entry.at for entry in _BASE.entries}
"""Where sections of ``BASE`` begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A container, and its refusal."""

    data: bytes
    offset: int
    word: str
    """A regular expression that is found in the message."""


def headed(word: str, blamed: str, **fields: Any) -> Case:
    """Other fields in the header, one of which is named."""
    return Case(data=patched(BASE, lambda pieces: pieces.header.update(fields)), offset=HEADER[blamed][0], word=word)


def entered(number: int, word: str, blamed: str, **fields: Any) -> Case:
    """Other fields in an entry of ``BASE``, one of which is named."""
    changed = patched(BASE, lambda pieces: pieces.entries[number - 1].update(fields))
    return Case(data=changed, offset=place(number, blamed), word=word)


def named(name: bytes, word: str = "relative name") -> Case:
    """Another name of the last section."""
    return entered(6, word, "name", name=name)


def place(number: int, field: str = "id") -> int:
    """Where a field of an entry lies."""
    return TOC_AT + toc.SIZE * (number - 1) + ENTRY[field][0]


def with_entry(at: int, *, payload: bytes = b"", data: bytes = BASE, **fields: Any) -> bytes:
    """One section more, before that with the number ``at``; what is not given is that of the last one."""

    def change(pieces: Pieces) -> None:
        pieces.entries.insert(at - 1, pieces.entries[-1] | fields)
        pieces.payloads.insert(at - 1, payload)

    return patched(data, change)
