"""What an expert's data is like: sizes, kinds, lengths."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from expertkit.data.items import Item

_FIELDS = ("question", "context", "answer")


def describe_parts(parts: Mapping[str, Sequence[Item]]) -> dict[str, Any]:
    """For each part its items, groups, categories and lengths in characters."""
    return {
        part: {
            "items": len(items),
            "groups": len({item.group for item in items}),
            "categories": dict(Counter(item.form for item in items).most_common()),
            "characters": {name: _lengths(len(getattr(item, name)) for item in items) for name in _FIELDS},
        }
        for part, items in parts.items()
    }


def _lengths(values: Iterable[int]) -> dict[str, int]:
    """Median, 95th percentile (nearest rank) and maximum; zeros where there is nothing."""
    ordered = sorted(values)
    if not ordered:
        return {"median": 0, "p95": 0, "max": 0}
    return {
        "median": round(statistics.median(ordered)),
        "p95": ordered[-(-len(ordered) * 95 // 100) - 1],
        "max": ordered[-1],
    }
