"""From schema 1.0 to 2.0: one base model becomes a list of one; everything else stays where it is, word for word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def migrate(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The same manifest in schema 2.0; one that is there already is given back unchanged.

    ``base_models`` stands where ``base_model`` stood and takes ``adapters`` in; ``schema_version`` follows
    ``version`` where there was none. Unknown keys and comments are kept.
    """
    return dict(raw) if raw.get("schema_version", "1.0") == "2.0" else dict(_migrated(raw))


def _migrated(raw: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in raw.items():
        if key == "base_model":
            yield "base_models", [{**value, "adapters": raw["adapters"]}]
        elif key == "schema_version":
            yield key, "2.0"
        elif key != "adapters":
            yield key, value
        if key == "version" and "schema_version" not in raw:
            yield "schema_version", "2.0"
