"""From a manifest's text or value to the model, or to all its problems at once.

Strict reading is for what is released: every deviation is a problem. Compatible reading is for what others
made: what old manifests are known to contain is a warning, and what has never meant anything a problem.
"""

from __future__ import annotations

import dataclasses
import posixpath
from collections import Counter
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from expertkit import fields, layout, strict_json
from expertkit.errors import ManifestError, Problem
from expertkit.fields import Place, read, show
from expertkit.manifest.model import BaseEntry, Manifest, MultiManifest, SingleManifest
from expertkit.manifest.names import base_slug

SCHEMAS: dict[str, type[SingleManifest | MultiManifest]] = {"1.0": SingleManifest, "2.0": MultiManifest}
"""What a manifest of each schema version says."""
_WEIGHTS = {".safetensors", ".osd", ".bin", ".pt"}
"""How the names of files of weights end; every other path is a folder's."""


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
    written = read(kind, _readable(raw, kind), place)
    if written is None:
        return None
    manifest = _as_one(written, raw)
    _check_weights(manifest, place)
    return manifest


def _schema(raw: dict[str, Any], place: Place) -> type[SingleManifest | MultiManifest]:
    """The schema that a manifest is written in, else the one that its bases are of; what does not match is noted.

    A manifest that does not say its schema is of 1.0.
    """
    said = raw.get("schema_version", "1.0")
    bases = {"base_model": "1.0", "base_models": "2.0"}
    found = [version for key, version in bases.items() if key in raw]
    if len(found) > 1:
        place.at("base_model").wrong("either base_model or base_models", "both")
    if not (isinstance(said, str) and said in SCHEMAS):
        supported = ", ".join(show(each) for each in SCHEMAS)
        place.at("schema_version").wrong(f"a supported version ({supported})", show(said))
    elif found == ["1.0"] != [said]:
        wanted = 'base_models, or schema_version "1.0", which expert-cli migrate writes in schema 2.0'
        place.at("base_model").wrong(wanted, "base_model in schema 2.0")
    elif found == ["2.0"] != [said]:
        got = show(said) if "schema_version" in raw else "nothing, which means 1.0"
        place.at("schema_version").wrong('"2.0" with base_models', got)
    else:
        return SCHEMAS[said]
    return SCHEMAS[found[0] if len(found) == 1 else "2.0"]


def _readable(raw: dict[str, Any], kind: type[SingleManifest | MultiManifest]) -> dict[str, Any]:
    """The manifest for reading on, with what is wrong between the two schemas, which is noted, out of the way."""
    own = {each.name for each in dataclasses.fields(kind)}
    version = next(version for version, each in SCHEMAS.items() if each is kind)
    rest = {key: value for key, value in raw.items() if key in own or key not in {"base_model", "base_models"}}
    return {**rest, "schema_version": version}


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
    folders = Counter(folder for entry in manifest.base_models for folder in {*_folders(entry)})
    for index, entry in enumerate(manifest.base_models):
        at = place.at("base_models").entry(index)
        if names[base_slug(entry.name)] > 1:
            at.at("name").wrong("another base than the others", show(entry.name))
        for number, (adapter, folder) in enumerate(zip(entry.adapters, _folders(entry), strict=True)):
            if adapter.path and folders[folder] > 1:
                wanted = f"weights of its own, as another base has those in {folder}"
                at.at("adapters").entry(number).at("path").wrong(wanted, show(adapter.path))


def _folders(entry: BaseEntry) -> list[str]:
    """The folder that the weights of each adapter lie in."""
    return [_folder(adapter.path or f"weights/{base_slug(entry.name)}") for adapter in entry.adapters]


def _folder(path: str) -> str:
    """What a path to a folder of weights, or to a file in it, comes to."""
    plain = PurePosixPath(posixpath.normpath(path.replace("\\", "/")))
    return str(plain.parent if plain.suffix in _WEIGHTS else plain)


def _warn_of_shared_data(manifest: Manifest, place: Place) -> None:
    """All bases of a manifest learn from its one data set, which may not be meant."""
    dataset = manifest.training.dataset
    if dataset.generation is not None and dataset.path == str(layout.DATA / manifest.name):
        return  # built by the line, and rendered for each base in its own template
    names = ", ".join(entry.name for entry in manifest.base_models)
    wanted = "a data set that all bases learn from (ignore this if it is meant)"
    place.at("training", "dataset").wrong(wanted, f"one for {names}")
