"""Data that an expert brings instead of having it made: the files that its manifest names, found and digested."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal

from expertkit.fields import Entries, Place, show
from expertkit.files import listing_digest, real_path, sha256_file
from expertkit.manifest import Manifest
from expertkit.manifest.dataset import Dataset
from expertkit.manifest.kinds import Digest, NotNegative, Positive, Share, Words

Format = Literal["jsonl", "csv", "parquet", "arrow", "huggingface"]
HeldOut = Literal["dev", "test"]
Role = Literal["instruction", "input", "response", "category", "group"]

ROLES: tuple[Role, ...] = ("instruction", "input", "response", "category", "group")
"""The parts that a column may play, as ``field_mapping`` names them."""

_FORMATS: Mapping[str, Format] = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".csv": "csv", ".tsv": "csv", ".parquet": "parquet",
}  # fmt: skip
_ARROW = ("state.json", "dataset_dict.json")  # what the datasets library leaves in a folder that it saved
_NAMED: Mapping[str, HeldOut] = {
    "dev": "dev", "valid": "dev", "validation": "dev", "val": "dev",
    "test": "test", "testing": "test", "eval": "test", "evaluation": "test",
}  # fmt: skip
_HUB = re.compile(
    r"(?P<name>[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?)(@(?P<revision>[\w.-]+))?"
    r"(::(?P<split>[^:]*))?(::(?P<config>[^:]+))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """A file, a saved data set or one of the hub."""

    place: Words
    """From the project's root; of the hub ``name[@revision][::split[::config]]``."""
    format: Format
    part: HeldOut | None = None
    """The part that all of it is for; null where parts without a file of their own are split off."""
    task: Words | None = None
    """Which of several tasks it teaches."""
    weight: Share = 1.0
    """How much of the task's rows is used."""
    digest: Digest | None = None
    """Of its bytes; null for the hub, where a revision says which they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnData:
    """What an expert's manifest says of its own data."""

    files: Annotated[tuple[DataFile, ...], Entries(low=1)]
    columns: Mapping[str, Words] = field(default_factory=dict)
    """Which column is the instruction, the input, the response, the category and the group; else usual names."""
    streaming: bool = False
    """Whether reading stops as soon as there are enough items."""
    most_rows: Positive | None = None
    """Rows after which reading a stream stops in any case."""
    deduplicate: bool = True
    """Whether what is there again, or nearly, is left out."""
    min_length: NotNegative = 0
    """Characters that question, context and answer together have at least."""
    max_length: Positive | None = None
    """The most that they have."""
    validate_json: bool = False
    """Whether an answer has to be a JSON document."""
    validate_schema: bool = False
    """Whether it has to be one that the context, a JSON Schema, allows."""


def find_own_data(project: Path, manifest: Manifest, place: Place) -> OwnData | None:
    """The own data of an expert, None where it is generated or where problems were added.

    Args:
        project: root of the project.
        manifest: the expert's, which ``check_line`` has looked at.
        place: of the manifest's ``training.dataset``.
    """
    dataset = manifest.training.dataset
    if dataset.generation is not None:
        return None
    mark = place.mark()
    files = tuple(_find_all(project, dataset, place))
    _check_mapping(dataset, place.at("field_mapping"))
    if not place.is_sound_since(mark):
        return None
    checks = dataset.validation
    return OwnData(
        files=files,
        columns=dict(dataset.field_mapping),
        streaming=bool(dataset.streaming),
        most_rows=dataset.max_in_memory_samples,
        deduplicate=checks is None or checks.deduplicate is not False,
        min_length=(checks and checks.min_length) or 0,
        max_length=checks.max_length if checks else None,
        validate_json=bool(checks and checks.validate_json),
        validate_schema=bool(checks and checks.validate_schema),
    )


def find_files(project: Path, said: str, place: Place) -> tuple[DataFile, ...]:
    """What a person names beside any manifest: a file, a folder, a data set of the hub; problems are added."""
    return tuple(_find(project, said, place, declared=None))


def held_out(name: str) -> HeldOut | None:
    """The part that the name of a file or of a split says, such as ``my-test-00`` or ``validation``."""
    words = re.split(r"[^a-z]+", name.lower())
    return next((_NAMED[word] for word in words if word in _NAMED), None)


def parse_hub(place: str) -> dict[str, str | None] | None:
    """Name, revision, split and config of a data set on the hub; None for what names none."""
    match = _HUB.fullmatch(place)
    return match and {key: match[key] or None for key in ("name", "revision", "split", "config")}


def _find_all(project: Path, dataset: Dataset, place: Place) -> Iterator[DataFile]:
    if dataset.type == "multi_task":
        yield from _find_tasks(project, dataset, place.at("tasks"))
        return
    if dataset.path is None:
        place.at("path").wrong("a file, a folder or a data set's id on the hub", "nothing")
        return
    yield from _find(project, dataset.path, place.at("path"), declared=dataset.format)
    named: dict[str, HeldOut] = {"validation_path": "dev", "test_path": "test"}
    for key, part in named.items():
        said = getattr(dataset, key)
        if said is not None:
            yield from _find(project, said, place.at(key), declared=dataset.format, part=part)


def _find_tasks(project: Path, dataset: Dataset, place: Place) -> Iterator[DataFile]:
    if not dataset.tasks:
        place.wrong("at least one task", "none")
    parts: dict[str, HeldOut | None] = {"train": None, "valid": "dev", "test": "test"}
    for name, task in dataset.tasks.items():
        for key, part in parts.items():
            said = getattr(task, key)
            if said is None:
                continue
            for file in _find(project, said, place.at(name, key), declared=task.format, part=part):
                yield replace(file, task=name, weight=1.0 if file.part else task.weight)


def _find(
    project: Path, said: str, place: Place, *, declared: str | None, part: HeldOut | None = None
) -> Iterator[DataFile]:
    """The files behind one name in a manifest."""
    if declared == "huggingface" or "::" in said:
        if parse_hub(said) is None:
            place.wrong("a data set's id on the hub: name[@revision][::split[::config]]", show(said))
        else:
            yield DataFile(place=said, format="huggingface", part=part)
        return
    path = project / said
    if path.is_file():
        yield from _one_file(path, said, place, declared=declared, part=part)
    elif path.is_dir() and any((path / name).is_file() for name in _ARROW):
        digest = _digest_folder(path)
        yield DataFile(place=said, format="arrow", part=part, digest=digest)
    elif path.is_dir():
        yield from _folder(path, said, place, declared=declared, part=part)
    else:
        wanted = "a file or folder of the project, or a data set of the hub with :: after its name"
        place.wrong(wanted, f"{show(said)}, which is not there")


def _one_file(path: Path, said: str, place: Place, *, declared: str | None, part: HeldOut | None) -> Iterator[DataFile]:
    found = _FORMATS.get(path.suffix) or declared
    if found is None:
        place.wrong(f"a file that ends in one of {', '.join(_FORMATS)}, or a format", show(said))
    elif declared not in {None, found}:
        place.wrong(f"a file of format {declared}", show(said))
    else:
        yield DataFile(place=said, format=found, part=part, digest=sha256_file(path))  # type: ignore[arg-type]


def _folder(path: Path, said: str, place: Place, *, declared: str | None, part: HeldOut | None) -> Iterator[DataFile]:
    """Its files, each for the part that its name says, such as ``train.jsonl`` or ``my-test-00.csv``."""
    found = [file for file in sorted(path.iterdir()) if _FORMATS.get(file.suffix) in _wanted(declared)]
    if not found:
        place.wrong(f"a folder with files that end in one of {', '.join(_FORMATS)}", show(said))
    for file in found:
        format_ = _FORMATS[file.suffix]
        name = f"{said.rstrip('/')}/{file.name}"
        yield DataFile(
            place=name, format=format_, part=part or held_out(file.stem), digest=sha256_file(real_path(file))
        )


def _wanted(declared: str | None) -> set[str]:
    return set(_FORMATS.values()) if declared is None else {declared}


def _digest_folder(path: Path) -> str:
    files = sorted(file for file in path.rglob("*") if file.is_file())
    return listing_digest({str(file.relative_to(path)): (file.stat().st_size, sha256_file(file)) for file in files})


def _check_mapping(dataset: Dataset, place: Place) -> None:
    for role in dataset.field_mapping:
        if role not in ROLES:
            place.at(role).wrong(f"one of {', '.join(ROLES)}", show(role), known=ROLES, word=role)
