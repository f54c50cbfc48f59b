"""Data of one's own, made in code."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from expertkit.data.own.collection import Collected, collect
from expertkit.fields import Place
from expertkit.recipes import DataConfig
from expertkit.recipes.own_data import OwnData, find_files

CONFIG = DataConfig(
    domain=None, own=None, seed=1, train=1000, dev=1000, test=1000, unseen=0, max_bad_share=0.1, similarity=0.9
)


def rows(count: int, *, start: int = 0) -> list[dict[str, str]]:
    """So many different questions with answers."""
    return [{"question": f"where is parcel {at}?", "answer": f"in hall {at % 7}"} for at in range(start, start + count)]


def write_jsonl(path: Path, values: Iterable[Mapping[str, Any] | str]) -> Path:
    """A JSON Lines file; a text is a line as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join((each if isinstance(each, str) else json.dumps(each)) + "\n" for each in values))
    return path


def own(project: Path, *names: str, **said: Any) -> OwnData:
    """What a manifest that names these files says, and what else it ``said``."""
    place = Place("manifest.json", [])
    found = OwnData(files=tuple(file for name in names for file in find_files(project, name, place)))
    assert place.problems == []
    return replace(found, **said)


def collected(project: Path, *names: str, config: DataConfig = CONFIG, **said: Any) -> Collected:
    """The items of these files."""
    return collect(project, config, own(project, *names, **said), needs_json=False)


def questions(found: Collected, part: str) -> set[str]:
    """What a part asks."""
    return {item.question for item in found.parts[part]}
