"""What there is to know about a finished stage, from its entry in ``dvc.lock`` and the files it wrote.

Values for a tracker, without one: settings, figures, and the files worth looking at.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from expertkit.files import read_json

_FIGURES = "metrics.json"
_ATTACHED = (_FIGURES, "refused.json", "index.json")
_ATTACHED_KINDS = (".csv", ".html", ".png")


def settings(entry: dict[str, Any]) -> dict[str, str]:
    """The settings the stage read, by dotted name: ``train.rank``."""
    sections = [section for section in entry.get("params", {}).values() if isinstance(section, dict)]
    return {name: str(value) for section in sections for name, value in _flat(section)}


def figures(entry: dict[str, Any]) -> dict[str, float]:
    """Every number in the ``metrics.json`` it wrote, by dotted name: ``unseen.expert_score``."""
    found = [numbers(read_json(path)) for path in _files(entry) if path.name == _FIGURES]
    return {name: value for each in found for name, value in each.items()}


def numbers(value: dict[str, Any]) -> dict[str, float]:
    """Every number in a JSON object, by dotted name; those in lists are left out."""
    return {name: float(found) for name, found in _flat(value) if _is_number(found)}


def attachments(entry: dict[str, Any]) -> list[Path]:
    """The reports, pictures and curves it wrote."""
    return [path for path in _files(entry) if path.name in _ATTACHED or path.suffix in _ATTACHED_KINDS]


def _files(entry: dict[str, Any]) -> Iterator[Path]:
    for out in entry["outs"]:
        path = Path(out["path"])
        yield from sorted(path.rglob("*")) if path.is_dir() else [path]


def _flat(value: dict[str, Any], *, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, inner in value.items():
        if isinstance(inner, dict):
            yield from _flat(inner, prefix=f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", inner


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
