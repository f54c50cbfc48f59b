"""The generated JSON Schemas refuse and accept what a strict reading does."""

from __future__ import annotations

import copy
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from expertkit.errors import ManifestError
from expertkit.manifest import parse
from tests.manifest.builders import raw_base, raw_manifest
from tests.manifest.test_compatible import ACCEPTED, DEVIATIONS, SINGLE

VERSIONS = ("1.0", "2.0")
LARGEST = sys.float_info.max
WRONG: list[Any] = [
    None, True, -1, 2.5e60, 1.75e308, -LARGEST, 0.5, "", "no such word", "\u00a0", "\ufeff\u2003", "\x1c", "\u0663",
    "caf\u00e9", [], {}, [None], {"no_such_key": 1},
]  # fmt: skip


def schema(version: str) -> Draft202012Validator:
    """The validator of one version."""
    text = Path(f"docs/schema/manifest-{version}.schema.json").read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(text))


def manifests() -> Iterator[tuple[str, dict[str, Any]]]:
    """A full manifest of each version, and every one that the other tests speak of."""
    whole = raw_manifest()
    for change in ACCEPTED:
        change(whole)
    whole["base_models"].append(raw_base("small"))
    yield "2.0", whole
    single = {key: value for key, value in whole.items() if key != "base_models"}
    yield "1.0", {**single, "schema_version": "1.0", **SINGLE}
    for change in [*ACCEPTED, *(change for change, _pointers in DEVIATIONS)]:
        raw = raw_manifest()
        change(raw)
        yield "2.0", raw


def mutations(value: Any) -> Iterator[Any]:
    """The value with one thing in it wrong, for each thing and each way to be wrong."""
    yield from (copy.deepcopy(wrong) for wrong in WRONG)
    if isinstance(value, dict):
        for key in value:
            yield {name: entry for name, entry in value.items() if name != key}
            for mutated in mutations(value[key]):
                yield {**value, key: mutated}
    if isinstance(value, list):
        for index, entry in enumerate(value):
            for mutated in mutations(entry):
                yield [*value[:index], mutated, *value[index + 1 :]]


def is_read(raw: Any) -> bool:
    """Whether a strict reading accepts it."""
    try:
        parse(raw, file="manifest.json")
    except ManifestError:
        return False
    return True


@pytest.mark.parametrize("version", VERSIONS)
def test_the_schemas_are_schemas(version: str) -> None:
    """Of the draft that they name."""
    Draft202012Validator.check_schema(schema(version).schema)


def test_schema_and_reader_agree_on_every_manifest_of_the_tests() -> None:
    """A rule that stands in one and not in the other would be found out by somebody else."""
    for version, raw in manifests():
        assert schema(version).is_valid(raw) == is_read(raw), raw


@pytest.mark.parametrize("version", VERSIONS)
def test_schema_and_reader_agree_on_every_mutation(version: str) -> None:
    """Each value of a full manifest made wrong in each way, and each key left out."""
    whole = next(raw for each, raw in manifests() if each == version)
    validator, tried = schema(version), 0

    for raw in mutations(whole):
        if isinstance(raw, dict) and raw.get("schema_version") == version:
            tried += 1
            assert validator.is_valid(raw) == is_read(raw), raw

    assert tried > 700


@pytest.mark.parametrize("version", VERSIONS)
def test_patterns_write_their_signs_out(version: str) -> None:
    r"""``\d``, ``\s``, ``\w`` and ``\b`` are other signs in other dialects, but for ``[\s\S]``, which is every sign."""
    found = re.findall(r'"pattern": (".*")', json.dumps(schema(version).schema, indent=0))

    patterns = [json.loads(pattern).replace(r"[\s\S]", "") for pattern in found]

    assert len(patterns) > 20
    assert [pattern for pattern in patterns if re.search(r"\\[dDsSwWbB]", pattern)] == []
