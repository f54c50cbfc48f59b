"""The ledger: the same content is signed once."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from expertkit.errors import FormatError
from expertkit.signing.ledger import EMPTY, Entry, Ledger, from_json, record
from tests.packages.builders import NOW

ONE, TWO = "1" * 64, "2" * 64


def signed(ledger: Ledger, digest: str, key: str = ONE, *, at: datetime = NOW, days: int = 365) -> tuple[Ledger, Entry]:
    """The ledger after signing ``digest``."""
    return record(ledger, content_digest=digest, key=key, at=at, valid_days=days)


def test_the_same_content_keeps_its_entry() -> None:
    """Signing again, later, changes neither the ledger nor the entry."""
    ledger, first = signed(EMPTY, ONE)

    again, second = signed(ledger, ONE, at=NOW + timedelta(days=30))

    assert second == first
    assert again == ledger


def test_each_content_gets_the_next_number_of_its_key() -> None:
    """Numbers rise by one per key, and keys do not share them."""
    ledger, first = signed(EMPTY, ONE)
    ledger, second = signed(ledger, TWO)
    ledger, other = signed(ledger, ONE, TWO)

    assert [first.sequence, second.sequence, other.sequence] == [1, 2, 1]


@pytest.mark.parametrize(("at", "days"), [(NOW + timedelta(days=365), 365), (NOW, 30)], ids=["expired", "other span"])
def test_an_entry_that_no_longer_fits_is_made_anew(at: datetime, days: int) -> None:
    """After expiry, or for another validity, the content gets a new number and new times."""
    ledger, first = signed(EMPTY, ONE)

    _, second = signed(ledger, ONE, at=at, days=days)

    assert second.sequence == first.sequence + 1
    assert second.expires != first.expires


def test_an_entry_before_a_newer_one_of_the_same_content_is_not_used_again() -> None:
    """Whoever saw the newer number would refuse it."""
    ledger, _ = signed(EMPTY, ONE)
    ledger, second = signed(ledger, ONE, days=30)

    _, third = signed(ledger, ONE)

    assert third.sequence == second.sequence + 1


def test_a_ledger_survives_json() -> None:
    """Reading gives what was written."""
    ledger, _ = signed(EMPTY, ONE)

    assert from_json(json.loads(json.dumps(ledger.to_json())), file="ledger.json") == ledger


@pytest.mark.parametrize("value", [[], {}, {"ledger": 2, "entries": []}, {"ledger": 1, "entries": [{}]}, None])
def test_a_damaged_ledger_is_not_an_empty_one(value: Any) -> None:
    """What cannot be read is an error, so that no number is given twice."""
    with pytest.raises(FormatError, match=r"ledger\.json"):
        from_json(value, file="ledger.json")
