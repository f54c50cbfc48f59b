"""A new expert: a folder with everything that the line asks for, ready to be filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from expertkit import layout
from expertkit.errors import ManifestError, Problem
from expertkit.fields import Place, read_any
from expertkit.files import dump_json, replace_folder
from expertkit.manifest import parse
from expertkit.manifest.kinds import ExpertName, Tag, TargetName, Words
from expertkit.recipes.experts import GRAMMAR, LICENSE, README, TESTS
from expertkit.recipes.line import check_line, weakest_layer
from expertkit.recipes.recipe import Domain

_GRAMMAR = """\
# Any text. Describe here what an answer may look like; nothing else is then generated.
root ::= char*
char ::= [^\\x00]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnStart:
    """Data that a new expert begins with."""

    source: str
    """A file, which is copied into the expert's folder; a folder or a data set of the hub, which is named."""
    columns: Mapping[str, str]
    """Which column is the instruction, the input, the response, the category."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewExpert:
    """What is known of an expert before anything is made."""

    name: str
    description: str
    domain: str | None
    """The generator of its data, and its grader; None where it brings data of its own."""
    data: OwnStart | None = None
    """Its own data."""
    license: str
    """An SPDX identifier."""
    bases: Sequence[str]
    cases: Sequence[Mapping[str, str]]
    """A few items for people."""


_SAID: Mapping[str, tuple[str, Any]] = {
    "name": ("NAME", ExpertName),
    "description": ("--description", Words),
    "domain": ("--domain", Domain),
    "license": ("--license", Tag),
}
"""What a person calls what is known, and what it may be."""


def write_expert(folder: Path, expert: NewExpert) -> None:
    """Make the folder of a new expert, whole or not at all."""
    with replace_folder(folder) as new:
        for name, data in _files(expert).items():
            (new / name).parent.mkdir(exist_ok=True)
            (new / name).write_bytes(data)


def find_problems(expert: NewExpert, *, asked: str) -> list[Problem]:
    """What is wrong with what was said of a new expert, ``asked`` by a command; or else with its manifest."""
    problems: list[Problem] = []
    for key, (option, kind) in _SAID.items():
        if key == "domain" and expert.data is not None:
            continue
        read_any(kind, getattr(expert, key), Place(asked, problems, option))
    if problems or not expert.bases:
        return problems
    place = Place(f"{asked}: {expert.name}", problems, is_json=True)
    try:
        manifest = parse(_manifest(expert), file=place.file).manifest
    except ManifestError as error:
        return list(error.problems)
    check_line(manifest, place)
    weakest_layer(manifest, place)
    return problems


def _files(expert: NewExpert) -> dict[str, bytes]:
    """The files of its folder, by their names."""
    return {
        "manifest.json": dump_json(_manifest(expert)),
        README: f"# {expert.name}\n\n{expert.description}\n".encode(),
        LICENSE: f"SPDX-License-Identifier: {expert.license}\n".encode(),
        GRAMMAR: _GRAMMAR.encode(),
        f"{TESTS}/test_cases.json": dump_json(list(expert.cases)),
        **_data_files(expert.data),
    }


def _data_files(data: OwnStart | None) -> dict[str, bytes]:
    path = Path(data.source) if data else None
    return {f"data/{path.name}": path.read_bytes()} if path and path.is_file() else {}


def _dataset(expert: NewExpert) -> dict[str, Any]:
    if expert.data is None:
        return {
            "path": str(layout.DATA / expert.name),
            "type": "single",
            "format": "jsonl",
            "generation": {"domain": expert.domain},
            "field_mapping": {"instruction": "question", "input": "context", "response": "answer"},
        }
    copied = [str(layout.EXPERTS / expert.name / name) for name in _data_files(expert.data)]
    return {"path": (copied or [expert.data.source])[0], "type": "single", "field_mapping": dict(expert.data.columns)}


def _manifest(expert: NewExpert) -> dict[str, Any]:
    subject = expert.domain or expert.name.removeprefix("expert-")
    adapter = {"type": "lora", "target_modules": list(get_args(TargetName)), "r": 32, "alpha": 64}
    return {
        "name": expert.name,
        "version": "0.1.0",
        "schema_version": "2.0",
        "description": expert.description,
        "base_models": [{"name": base, "prompt_template": "chatml", "adapters": [adapter]} for base in expert.bases],
        "capabilities": [f"language:{subject}" if expert.domain else f"task:{subject}"],
        "routing": {"keywords": [subject]},
        "constraints": {"load_order": 5, "incompatible_with": [], "requires": []},
        "perf": {"latency_ms_overhead": 0.0, "vram_mb_overhead": 0, "supported_batch_sizes": [1]},
        "training": {
            "dataset": _dataset(expert),
            "config": {"adapter_type": "lora"},
            "decoding": {"grammar_type": "gbnf", "grammar_file": GRAMMAR, "temperature": 0.0},
        },
        "evaluation": {"test_cases": f"{TESTS}/test_cases.json", "grader": expert.domain or "exact"},
        "license": expert.license,
        "limitations": [],
        "tags": [subject],
    }
