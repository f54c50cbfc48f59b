"""How often the test items of a version were looked at: who chooses among many by the same items is flattered.

A file beside the project's other scratch, which no stage depends on: what a stage writes follows from its inputs
alone, and this follows from what was done before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from expertkit import layout


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One evaluation."""

    version: str
    """Of the expert."""
    data: str
    """Digest of its test items."""
    adapter: str
    """Digest of the adapter that was asked."""


def record_look(project: Path, key: str, look: Look) -> int:
    """Note an evaluation of ``<expert>-<base>``; give how many adapters were asked these items of this version."""
    path = project / layout.LOOKS / f"{key}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(look)) + "\n")
    same = (row for row in _read(path) if (row.get("version"), row.get("data")) == (look.version, look.data))
    return len({row.get("adapter") for row in same})


def _read(path: Path) -> Iterator[dict[str, Any]]:
    """The notes that are whole: a command that was killed may have left half a line."""
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            yield row
