"""From a manifest's text or value to the model, or to all its problems at once.

Strict reading is for what is released: every deviation is a problem. Compatible reading is for what others
made: what old manifests are known to contain is a warning, and what has never meant anything a problem.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from typing import Any

from expertkit import fields, strict_json
from expertkit.errors import ManifestError, Problem
from expertkit.fields import Place, read, show
from expertkit.manifest.model import BaseEntry, Manifest, MultiManifest, SingleManifest
from expertkit.manifest.names import base_slug

SCHEMAS: dict[str, type[SingleManifest | MultiManifest]] = {"1.0": SingleManifest, "2.0": MultiManifest}
"""What a manifest of each schema version says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A manifest, and what was put up with."""

    manifest: Manifest
    warnings: tuple[Problem, ...]


def loads(data: bytes, *, file: str) -> Manifest:
    """The manifest in a JSON text, read strictly.

    Raises:
        FormatError: the text is not strict JSON.
        ManifestError: it is no manifest or repeats keys; all problems at once.
    """
    return load(data, file=file).manifest


def load(data: bytes, *, file: str, compatible: bool = False) -> Reading:
    """The manifest in a JSON text, with warnings.

    Args:
        data: the text.
        file: what it is called in messages.
        compatible: whether to put up with what older manifests contain.

    Raises:
        FormatError: the text is not strict JSON.
        ManifestError: it is no manifest or repeats keys; all problems at once. ``compatible`` puts up with comments
            that are there again.
    """
    repeated: list[Problem] = []
    value = strict_json.loads(data, file=file, repeated=repeated)
    comments = [problem for problem in repeated if compatible and _is_comment(problem)]
    problems = [problem for problem in repeated if problem not in comments]
    return _reading(value, Place(file, problems, is_json=True, warnings=comments if compatible else None))


def parse(raw: object, *, file: str, compatible: bool = False) -> Reading:
    """The manifest in a JSON value, which ``Manifest.raw`` keeps as it was given.

    Raises:
        ManifestError: it is no manifest; all problems at once.
    """
    return _reading(raw, Place(file, [], is_json=True, warnings=[] if compatible else None))


def json_schema(version: str) -> dict[str, Any]:
    """The JSON Schema of manifests of a schema version, as they are read strictly."""
    title = f"Manifest of an expert, schema {version}"
    return {"title": title, **fields.json_schema(SCHEMAS[version])}


def _is_comment(problem: Problem) -> bool:
    return problem.place.rpartition("/")[2].startswith("_")


def _reading(raw: object, place: Place) -> Reading:
    """The manifest, where ``place`` has no problem yet and gets none."""
    if not isinstance(raw, dict):
        place.wrong("a mapping", show(raw))
        raise ManifestError(place.problems)
    manifest = _read(raw, place)
    if manifest is None or place.problems:
        raise ManifestError(place.problems)
    warnings = [] if place.warnings is None else place.warnings
    if len(manifest.base_models) > 1:
        _warn_of_shared_data(manifest, Place(place.file, warnings, is_json=True))
    return Reading(manifest=manifest, warnings=tuple(warnings))


def _read(raw: dict[str, Any], place: Place) -> Manifest | None:
    """The manifest, as its schema says."""
    kind = _schema(raw, place)
    written = read(kind, _readable(raw, kind, place), place) if kind else None
    if written is None:
        return None
    manifest = _as_one(written, raw)
    _check_weights(manifest, place)
    return manifest


def _schema(raw: dict[str, Any], place: Place) -> type[SingleManifest | MultiManifest] | None:
    """The schema that a manifest is written in; one that does not say so is of schema 1.0."""
    version = raw.get("schema_version", "1.0")
    if isinstance(version, str) and version in SCHEMAS:
        return MultiManifest if _forgets_version(raw) else SCHEMAS[version]
    supported = ", ".join(show(each) for each in SCHEMAS)
    place.at("schema_version").wrong(f"a supported version ({supported})", show(version))
    return None


def _forgets_version(raw: dict[str, Any]) -> bool:
    return "schema_version" not in raw and "base_models" in raw and "base_model" not in raw


def _readable(raw: dict[str, Any], kind: type[SingleManifest | MultiManifest], place: Place) -> dict[str, Any]:
    """The manifest for reading on, with what is wrong between the two schemas noted and out of the way."""
    if _forgets_version(raw):
        place.at("schema_version").wrong('"2.0" with base_models', "nothing, which means 1.0")
        return {"schema_version": "2.0", **raw}
    if not {"base_model", "base_models"} <= raw.keys():
        return raw
    place.at("base_model").wrong("either base_model or base_models", "both")
    own = {each.name for each in dataclasses.fields(kind)}
    return {key: value for key, value in raw.items() if key in own or key not in {"base_model", "base_models"}}


def _as_one(written: SingleManifest | MultiManifest, raw: dict[str, Any]) -> Manifest:
    """The same manifest in the one model, where schema 1.0 has a list of one base as well."""
    own = {each.name: getattr(written, each.name) for each in dataclasses.fields(written)}
    if isinstance(written, SingleManifest):
        base = own.pop("base_model")
        entry = {each.name: getattr(base, each.name) for each in dataclasses.fields(base)}
        own["base_models"] = (BaseEntry(**entry, adapters=own.pop("adapters")),)
    return Manifest(**{**own, "raw": raw})


def _check_weights(manifest: Manifest, place: Place) -> None:
    """Note bases that would share one folder of weights, by their names or by what they say."""
    names = Counter(base_slug(entry.name) for entry in manifest.base_models)
    paths = Counter(
        path for entry in manifest.base_models for path in {each.path for each in entry.adapters if each.path}
    )
    for index, entry in enumerate(manifest.base_models):
        at = place.at("base_models").entry(index)
        if names[base_slug(entry.name)] > 1:
            at.at("name").wrong("another base than the others", show(entry.name))
        for number, adapter in enumerate(entry.adapters):
            if adapter.path and paths[adapter.path] > 1:
                at.at("adapters").entry(number).at("path").wrong("weights of its own", show(adapter.path))


def _warn_of_shared_data(manifest: Manifest, place: Place) -> None:
    """All bases of a manifest learn from its one data set: fine if that is meant."""
    names = ", ".join(entry.name for entry in manifest.base_models)
    place.at("training", "dataset").wrong("to be meant for every base", f"one data set for {names}")
