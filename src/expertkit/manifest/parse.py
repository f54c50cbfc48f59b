"""From a manifest's text or mapping to the model, or to all its problems at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from expertkit.errors import ManifestError, Problem
from expertkit.fields import Place, read, show
from expertkit.manifest import strict_json
from expertkit.manifest.model import Manifest

SUPPORTED = ("2.0",)
"""Schema versions that can be read."""


def loads(data: bytes, *, file: str) -> Manifest:
    """The manifest in a JSON text.

    Raises:
        FormatError: the text is not strict JSON.
        ManifestError: it is no manifest; all problems at once.
    """
    return parse(strict_json.loads(data, file=file), file=file)


def parse(raw: object, *, file: str) -> Manifest:
    """The manifest in a JSON value, which ``Manifest.raw`` keeps as it was given.

    Raises:
        ManifestError: it is no manifest; all problems at once.
    """
    problems: list[Problem] = []
    place = Place(file, problems, comments=True)
    if not isinstance(raw, dict):
        place.wrong("a mapping", show(raw))
        raise ManifestError(problems)
    manifest = read(Manifest, _without_rival(raw, place), place) if _is_known(raw, place) else None
    if manifest is None or problems:
        raise ManifestError(problems)
    return replace(manifest, raw=raw)


def _without_rival(raw: Mapping[str, Any], place: Place) -> dict[str, Any]:
    """The manifest without the ``base_model`` of schema 1.0, when it stands beside ``base_models``."""
    if not {"base_model", "base_models"} <= raw.keys():
        return dict(raw)
    place.at("base_model").wrong("either base_model or base_models", "both")
    return {key: value for key, value in raw.items() if key != "base_model"}


def _is_known(raw: Mapping[str, Any], place: Place) -> bool:
    """Whether the schema is one that can be read; a manifest of another is not looked at further."""
    version = raw.get("schema_version")
    if version in SUPPORTED:
        return True
    if "schema_version" not in raw and "base_models" in raw:
        return True
    supported = ", ".join(show(each) for each in SUPPORTED)
    place.at("schema_version").wrong(f"a supported version ({supported})", show(version) if version else "nothing")
    return False
