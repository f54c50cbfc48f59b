"""Entries: one byte form, of exactly these fields."""

from __future__ import annotations

import json
from typing import Any

import pytest

from expertkit.errors import FormatError
from expertkit.files import canonical_json, sha256_bytes
from expertkit.signing import seal
from expertkit.signing.transparency import entry
from tests.signing.builders import make_statement
from tests.signing.transparency.builders import make_entry, make_key, public


def test_an_entry_survives_its_bytes() -> None:
    """Reading gives what was written."""
    assert entry.decode(make_entry(1).encode()) == make_entry(1)


def test_the_entry_of_an_envelope_says_what_the_statement_says() -> None:
    """And the digest of all bytes of the envelope."""
    envelope = seal(make_statement(public()), make_key())

    made = entry.of_envelope(envelope)

    assert (made.name, made.version, made.base, made.form) == ("expert-mini", "1.0.0", "nano", "archive")
    assert (made.key, made.envelope) == (public().id, sha256_bytes(envelope))
    assert made.content_digest == make_statement(public()).content_digest


@pytest.mark.parametrize(
    "change",
    [
        {"log": 2}, {"log": True}, {"log": None}, {"form": "legacy"}, {"key": "A" * 64}, {"envelope": ""},
        {"name": ""}, {"extra": 1},
    ],
)  # fmt: skip
def test_other_fields_are_refused(change: dict[str, Any]) -> None:
    """Another version, form, digest or field."""
    value = json.loads(make_entry(1).encode())

    with pytest.raises(FormatError, match="entry"):
        entry.decode(canonical_json({**value, **change}))


@pytest.mark.parametrize("field", json.loads(make_entry(1).encode()))
def test_a_missing_field_is_refused(field: str) -> None:
    """Every field is there, the version too."""
    value = json.loads(make_entry(1).encode())
    del value[field]

    with pytest.raises(FormatError, match="entry"):
        entry.decode(canonical_json(value))


def test_another_form_is_refused() -> None:
    """The same JSON with spaces is no entry."""
    with pytest.raises(FormatError, match="another form"):
        entry.decode(json.dumps(json.loads(make_entry(1).encode())).encode())
