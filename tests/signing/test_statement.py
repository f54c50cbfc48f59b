"""The statement: equal bytes for equal claims, an error for everything else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expertkit.errors import FormatError
from expertkit.files import canonical_json
from expertkit.signing import Member
from expertkit.signing.statement import decode, parse_moment
from tests.packages.builders import publisher
from tests.signing.builders import make_statement, with_members

NAMES = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), min_size=1, max_size=20)
MEMBER_LISTS = st.lists(
    st.builds(
        Member, name=NAMES, size=st.integers(0, 2**40), sha256=st.text("0123456789abcdef", min_size=64, max_size=64)
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda member: member.name,
)


@settings(deadline=None)
@given(MEMBER_LISTS)
def test_a_statement_survives_its_bytes(members: list[Member]) -> None:
    """Reading gives what was written, whatever the members are called."""
    statement = with_members(make_statement(publisher()), *members)

    assert decode(statement.encode()) == statement


@settings(deadline=None)
@given(MEMBER_LISTS, MEMBER_LISTS)
def test_different_members_give_different_statements(one: list[Member], other: list[Member]) -> None:
    """No file name can make one list of files look like another."""
    statement = make_statement(publisher())

    same = with_members(statement, *one).encode() == with_members(statement, *other).encode()

    assert same == (one == other)


def test_a_name_with_a_hash_in_it_is_not_two_files() -> None:
    """The two packages that share their ``path:hash`` lines have different statements."""
    one = Member(name="a.json", size=1, sha256="a" * 64), Member(name="b.json", size=1, sha256="b" * 64)
    other = Member(name=f"a.json:{'a' * 64} b.json", size=1, sha256="b" * 64)
    statement = make_statement(publisher())

    assert with_members(statement, *one).encode() != with_members(statement, other).encode()


def test_the_statement_is_an_in_toto_statement() -> None:
    """Type, subject and predicate are where in-toto's readers look for them."""
    value = json.loads(make_statement(publisher()).encode())

    assert value["_type"] == "https://in-toto.io/Statement/v1"
    assert value["predicateType"] == "urn:expertkit:package:2"
    assert value["subject"][0] == {"name": "a.json", "digest": {"sha256": "a" * 64}}


def repeat(*lists: list[Any]) -> None:
    """Append the first entry of each list to it."""
    for entries in lists:
        entries.append(entries[0])


CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "another type": lambda value: value.update(_type="https://in-toto.io/Statement/v0.1"),
    "another predicate type": lambda value: value.update(predicateType="urn:expertkit:certificate:1"),
    "a further field": lambda value: value.update(more=1),
    "a further predicate field": lambda value: value["predicate"].update(more=1),
    "a missing predicate field": lambda value: value["predicate"].pop("sequence"),
    "a missing subject": lambda value: value["subject"].pop(),
    "a subject with another name": lambda value: value["subject"][0].update(name="c.json"),
    "a subject with two digests": lambda value: value["subject"][0]["digest"].update(md5=""),
    "a member twice": lambda value: repeat(value["subject"], value["predicate"]["members"]),
    "no members": lambda value: (value["subject"].clear(), value["predicate"]["members"].clear()),
    "another size": lambda value: value["predicate"]["members"][0].update(size=99),
    "a size that is true": lambda value: value["predicate"]["members"][0].update(size=True),
    "a negative size": lambda value: value["predicate"]["members"][0].update(size=-1),
    "another content digest": lambda value: value["predicate"].update(content_digest="0" * 64),
    "a sequence of zero": lambda value: value["predicate"].update(sequence=0),
    "a time with an offset": lambda value: value["predicate"].update(expires="2027-01-31T12:00:00+00:00"),
    "a day that does not exist": lambda value: value["predicate"].update(expires="2027-02-31T12:00:00Z"),
    "expiry before creation": lambda value: value["predicate"].update(expires="2025-01-31T12:00:00Z"),
    "a predicate that is a list": lambda value: value.update(predicate=[]),
    "a subject that is a number": lambda value: value.update(subject=1),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_statement_with_anything_else_is_refused(change: Callable[[dict[str, Any]], Any]) -> None:
    """Every field is as it must be, and there are no others."""
    value = json.loads(make_statement(publisher()).encode())
    change(value)

    with pytest.raises(FormatError, match=r"statement|time"):
        decode(canonical_json(value))


def test_a_statement_in_another_form_is_refused() -> None:
    """The same values with other spacing are not the signed statement."""
    value = json.loads(make_statement(publisher()).encode())

    with pytest.raises(FormatError, match="another form"):
        decode(json.dumps(value).encode())


def test_moments_are_in_utc() -> None:
    """What is written is read as the same moment."""
    assert parse_moment("2026-01-31T12:00:00Z").isoformat() == "2026-01-31T12:00:00+00:00"
