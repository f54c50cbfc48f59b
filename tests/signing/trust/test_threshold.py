"""k of n: as many different trusted keys as the rules ask for, each about this very package."""

from __future__ import annotations

from dataclasses import replace

import pytest

from expertkit.errors import SignatureError
from expertkit.members.signatures import Signature
from tests.signing.trust.builders import Computer, key_id, make_authority, signed


@pytest.fixture
def computer() -> Computer:
    """One that trusts three keys, and asks for two."""
    made = Computer()
    made.rule(signatures=2)
    for number in (1, 2, 3):
        made.pin(number)
    return made


@pytest.mark.parametrize("numbers", [(1, 2), (2, 3), (3, 1), (1, 2, 3)])
def test_any_two_of_three_are_enough(computer: Computer, numbers: tuple[int, ...]) -> None:
    """In any order; a third is counted too."""
    verdict = computer.judge(*map(signed, numbers))

    assert [each.statement.key for each in verdict.vouchers] == [key_id(number) for number in numbers]
    assert verdict.rules.signatures == 2


def test_one_is_not(computer: Computer) -> None:
    """And what was expected is said."""
    computer.refuse(signed(1), match="expected 2 by different keys that you trust, got 1")


def test_the_same_key_twice_counts_once(computer: Computer) -> None:
    """TUF: keys are counted and not signatures."""
    computer.refuse(signed(1), signed(1, sequence=2), match="expected 2 by different keys that you trust, got 1")


def test_the_same_key_by_a_root_and_by_a_pin_counts_once(computer: Computer) -> None:
    """Another chain does not make another key."""
    acme = make_authority()
    computer.add(acme)

    computer.refuse(signed(1), signed(1, chain=acme.issue(1)), match="expected 2 by different keys .*, got 1")


def test_an_untrusted_signature_changes_nothing(computer: Computer) -> None:
    """It is told and not counted."""
    verdict = computer.judge(signed(9), signed(1), signed(2))

    assert len(verdict.vouchers) == 2
    assert len(verdict.uncounted) == 1
    assert key_id(9)[:12] in verdict.uncounted[0]
    computer.refuse(signed(9), signed(1), match="got 1")


@pytest.mark.parametrize("fault", [b"", b"{}", b'{"payload":"e30="}'])
def test_a_malformed_signature_refuses_all(computer: Computer, fault: bytes) -> None:
    """Whoever else has signed: what cannot be read may mean anything."""
    computer.refuse(signed(1), signed(2), Signature(envelope=fault), match="expected")


def test_a_malformed_certificate_refuses_all(computer: Computer) -> None:
    """It travels with a signature."""
    computer.refuse(signed(1), signed(2), replace(signed(9), chain=(b"0",)), match="certificate")


def test_statements_about_different_content_never_add_up(computer: Computer) -> None:
    """Each has to be about this package."""
    computer.refuse(signed(1), signed(2, other=True), match="got 1")


def test_a_signature_by_another_key_than_it_names_is_not_counted(computer: Computer) -> None:
    """The envelope of one, put over by the name of another."""
    forged = signed(9, key=key_id(2))

    computer.refuse(signed(1), forged, match="got 1")


def test_every_reason_is_told(computer: Computer) -> None:
    """A line for each signature that does not count."""
    error = computer.refuse(signed(1, other=True), signed(9), match="got 0")

    assert len(error.lines) == 3


def test_no_signature_is_too_few() -> None:
    """Whatever is asked."""
    with pytest.raises(SignatureError, match="expected 1 by different keys"):
        Computer().judge()
