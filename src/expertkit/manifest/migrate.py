"""From schema 1.0 to 2.0: one base model becomes a list of one; everything else stays where it is, word for word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from expertkit.errors import ManifestError, Problem

_TEMPLATE = "chatml"
"""How an expert of schema 1.0, which does not say it, is asked."""


def migrate(raw: Mapping[str, Any], *, file: str) -> dict[str, Any]:
    """The same manifest in schema 2.0; one that is there already is given back unchanged.

    ``base_models`` stands where ``base_model`` stood, takes ``adapters`` in and names the prompt template;
    ``schema_version`` follows ``version`` where there was none. Unknown keys and comments are kept.

    Raises:
        ManifestError: something of ``base_model`` is in the way of what has to stand there.
    """
    if raw.get("schema_version", "1.0") == "2.0":
        return dict(raw)
    taken = [key for key in ("prompt_template", "adapters") if key in raw["base_model"]]
    if taken:
        wanted = "nothing of that name in schema 1.0, where schema 2.0 has it"
        raise ManifestError(
            [Problem(file=file, place=f"/base_model/{key}", expected=wanted, got="a value") for key in taken]
        )
    return dict(_migrated(raw))


def _migrated(raw: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in raw.items():
        if key == "base_model":
            yield "base_models", [{**value, "prompt_template": _TEMPLATE, "adapters": raw["adapters"]}]
        elif key == "schema_version":
            yield key, "2.0"
        elif key != "adapters":
            yield key, value
        if key == "version" and "schema_version" not in raw:
            yield "schema_version", "2.0"
