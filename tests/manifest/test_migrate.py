"""A manifest of schema 1.0 is rewritten in schema 2.0 with nothing else touched, or not at all."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable
from typing import Any

import pytest

from expertkit.errors import FormatError, ManifestError
from expertkit.manifest import load, migrate, migrate_text
from expertkit.strict_json import MAX_BYTES, MAX_DEPTH
from tests.manifest.builders import raw_manifest, without

SINGLE: dict[str, Any] = {
    "_why": 'a "quoted", {bracketed}: text',
    "name": "expert-sql",
    "version": "1.0.0",
    "base_model": {"_note": ["kept"], "name": "tiny", "quantization": "int4"},
    "adapters": raw_manifest()["base_models"][0]["adapters"],
    **{key: value for key, value in raw_manifest().items() if key not in {"name", "version", "base_models"}},
    "schema_version": "1.0",
    "invented_later": {"b": 1, "a": [1.5, "ü\n"]},
}
LAYOUTS: dict[str, Callable[[dict[str, Any]], str]] = {
    "two spaces": lambda raw: json.dumps(raw, indent=2, ensure_ascii=False) + "\n",
    "four spaces": lambda raw: json.dumps(raw, indent=4) + "\n\n",
    "tabs": lambda raw: json.dumps(raw, indent="\t"),
    "no indent": lambda raw: json.dumps(raw, indent=0),
    "one line": json.dumps,
    "minified": lambda raw: json.dumps(raw, separators=(",", ":")),
    "other line ends": lambda raw: json.dumps(raw, indent=2).replace("\n", "\r\n"),
    "a line a member": lambda raw: "{\n  " + ",\n  ".join(json.dumps({k: v})[1:-1] for k, v in raw.items()) + "\n}\n",
    "spaces anywhere": lambda raw: " " + json.dumps(raw, separators=(" ,\t", " : ")) + " ",
}
ORDERS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "as it is": dict,
    "backwards": lambda raw: dict(reversed(raw.items())),
    "adapters first": lambda raw: {"adapters": raw["adapters"], **raw},
    "adapters last": lambda raw: {**without(raw, "adapters"), "adapters": raw["adapters"]},
    "no schema_version": lambda raw: without(raw, "schema_version"),
    "version last": lambda raw: {**without(without(raw, "schema_version"), "version"), "version": "1.0.0"},
}


def refusal(raw: dict[str, Any]) -> str:
    """Why a manifest is not migrated."""
    with pytest.raises((FormatError, ManifestError)) as error:
        migrate_text(json.dumps(raw, separators=(",", ":")).encode(), file="manifest.json")
    return str(error.value)


def nested(depth: int) -> Any:
    """Lists inside one another."""
    return [nested(depth - 1)] if depth > 1 else []


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("order", ORDERS)
def test_however_a_manifest_is_written_it_says_the_same_in_schema_2(layout: str, order: str) -> None:
    """Values, comments and order are kept, and doing it twice changes nothing."""
    raw = ORDERS[order](SINGLE)
    data = LAYOUTS[layout](raw).encode()

    migrated = migrate_text(data, file="manifest.json")

    found = load(migrated, file="manifest.json", compatible=True).manifest
    assert json.dumps(found.raw) == json.dumps(migrate(raw, file="manifest.json"))
    assert (found.schema_version, found.base_models[0].prompt_template) == ("2.0", "chatml")
    assert migrate_text(migrated, file="manifest.json") == migrated


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_is_kept(layout: str) -> None:
    """Written by the same program, the migrated manifest is the same text but for spaces in the new entry."""
    written = LAYOUTS[layout]

    migrated = migrate_text(written(SINGLE).encode(), file="manifest.json").decode()

    expected = written(migrate(SINGLE, file="manifest.json"))
    assert (migrated == expected) or layout in {"a line a member", "spaces anywhere"}
    assert "".join(migrated.split()) == "".join(expected.split())


def test_what_is_not_migrated_keeps_every_byte() -> None:
    """Numbers, escapes and short lists stay as somebody wrote them."""
    text = LAYOUTS["a line a member"](SINGLE).replace("1.5,", "1.50e0,").replace("ü", "\\u00FC")

    migrated = migrate_text(text.encode(), file="manifest.json").decode()

    changed = [line for line in difflib.ndiff(text.splitlines(), migrated.splitlines()) if line[0] == "-"]
    assert [line.split('"')[1] for line in changed] == ["base_model", "adapters", "schema_version"]


@pytest.mark.parametrize("layout", ["minified", "tabs"])
def test_a_long_manifest_stays_short_enough(layout: str) -> None:
    """A text of nearly the largest size is no longer by its layout."""
    raw = {**SINGLE, "_numbers": list(range(148_000))} if layout == "minified" else {**SINGLE, "_text": "x" * 1_040_000}
    data = LAYOUTS[layout](raw).encode()

    migrated = migrate_text(data, file="manifest.json")

    assert MAX_BYTES - len(data) < 200_000
    assert len(migrated) - len(data) < 200


def test_a_manifest_that_would_be_too_long_is_not_migrated() -> None:
    """One byte too many is told before anything is written."""
    spare = MAX_BYTES - len(json.dumps({**SINGLE, "_text": ""}, separators=(",", ":")))

    told = refusal({**SINGLE, "_text": "x" * spare})

    assert told.startswith("manifest.json in schema 2.0: expected at most 1048576 bytes")


@pytest.mark.parametrize("key", ["base_model", "adapters"])
def test_a_comment_that_would_be_too_deep_is_not_migrated(key: str) -> None:
    """A base and its adapters are two levels further in than they were."""
    inside = nested(MAX_DEPTH - 2)
    entry = {**SINGLE["base_model"], "_deep": inside}
    adapters = [{**SINGLE["adapters"][0], "_deep": inside[0]}]

    told = refusal({**SINGLE, key: entry if key == "base_model" else adapters})

    assert told.startswith("manifest.json in schema 2.0: expected at most 32 levels")


def test_a_comment_that_is_there_again_is_not_lost() -> None:
    """A compatible reading puts up with it, a rewrite cannot keep both."""
    text = LAYOUTS["two spaces"](SINGLE).replace('"name": "tiny"', '"name": "tiny", "_note": "again"')

    with pytest.raises(FormatError, match="/base_model/_note: expected each key once"):
        migrate_text(text.encode(), file="manifest.json")


@pytest.mark.parametrize("key", ["prompt_template", "adapters"])
def test_what_stands_where_schema_2_has_something_else_is_in_the_way(key: str) -> None:
    """It would be replaced; a comment of that name would not."""
    told = refusal({**SINGLE, "base_model": {**SINGLE["base_model"], key: "mine"}})

    assert told == (
        f"manifest.json: /base_model/{key}: expected nothing of that name in schema 1.0, where schema 2.0 has it, "
        "got a value"
    )


def test_what_means_something_else_in_schema_2_is_not_migrated() -> None:
    """An unknown key of schema 1.0 is a warning, and in schema 2.0 it may be known and wrong."""
    told = refusal({**SINGLE, "base_model": {**SINGLE["base_model"], "custom_template": 5}})

    assert told == "manifest.json in schema 2.0: /base_models/0/custom_template: expected a mapping or null, got 5"
