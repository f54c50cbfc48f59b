"""One question with its context and its answer, and the JSON Lines files that hold them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from expertkit import layout
from expertkit.files import atomic_write, required


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What an expert is asked and what it should answer."""

    id: str
    """Unique within its file, stable for a seed: ``<part>-<number>``."""
    form: str
    """The kind of query or document; each form has a score of its own."""
    group: str
    """Digest of the schema; items of one group are not independent."""
    question: str
    context: str
    """What the question is about: the schema, as text."""
    answer: str


def data_folder(project: Path, expert: str) -> Path:
    """Where an expert's data lies.

    Raises:
        PackagingError: it was not built.
    """
    folder = project / layout.DATA / expert
    required(folder / layout.SUMMARY, hint=f"expert-cli data build --expert {expert}")
    return folder


def read_items(path: Path) -> Iterator[Item]:
    """The items of a JSON Lines file, in order."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield Item(**json.loads(line))


def write_items(path: Path, items: Iterable[Item]) -> None:
    """Replace ``path`` by these items, one JSON object a line."""
    with atomic_write(path) as file:
        for item in items:
            file.write(json.dumps(asdict(item), ensure_ascii=False).encode() + b"\n")
