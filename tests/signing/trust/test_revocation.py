"""A key that was revoked is not trusted, with its certificate or without."""

from __future__ import annotations

import pytest

from tests.signing.trust.builders import NAME, Authority, Computer, key_id, make_authority, signed


@pytest.fixture
def acme() -> Authority:
    """A root."""
    return make_authority()


@pytest.fixture
def computer(acme: Authority) -> Computer:
    """One that trusts the root."""
    made = Computer()
    made.add(acme)
    return made


def test_a_revoked_key_is_refused(acme: Authority, computer: Computer) -> None:
    """With the serial number, the time and the list that says so; others are not."""
    good, bad = acme.issue(1), acme.issue(2)
    computer.update(acme, bad[0], number=7)

    computer.judge(signed(1, chain=good))
    error = computer.refuse(
        signed(2, chain=bad), match=f"certificate {bad[0].serial:x}: revoked 2026-01-31T12:00:00Z, says list 7 of"
    )

    assert str(error.hint).startswith("ask the publisher for a package that another key signed")


def test_a_revoked_authority_takes_its_keys_along(acme: Authority, computer: Computer) -> None:
    """All that it issued."""
    team = acme.team(50)
    computer.update(acme, team.certificate)

    computer.refuse(signed(1, chain=team.issue(1)), match=f"certificate {team.certificate.serial:x}: revoked")
    computer.judge(signed(2, chain=acme.team(51).issue(2)))


def test_a_list_says_nothing_about_what_another_authority_issued(acme: Authority, computer: Computer) -> None:
    """Serial numbers are an issuer's own."""
    team, chain = acme.team(50), acme.issue(1)
    computer.update(team, chain[0])

    computer.judge(signed(1, chain=chain))


@pytest.mark.parametrize("revoked", ["key", "authority above it"])
@pytest.mark.parametrize("pinned_for", [(), (NAME,)])
def test_a_revoked_key_is_refused_without_its_certificate_where_it_is_pinned(
    acme: Authority, computer: Computer, pinned_for: tuple[str, ...], revoked: str
) -> None:
    """It came with one before, and that is remembered."""
    team = acme.team(50)
    chain = team.issue(1)
    computer.pin(1, *pinned_for)
    computer.take(signed(1, chain=chain))
    computer.take(signed(1, sequence=2))

    computer.update(*((team, chain[0]) if revoked == "key" else (acme, team.certificate)))

    for use in ("install", "load"):
        computer.refuse(signed(1, sequence=3), use=use, match="its certificate was revoked, with which it came before")


def test_a_revoked_key_is_refused_for_other_experts_as_well(acme: Authority, computer: Computer) -> None:
    """The key is lost, whatever it signs."""
    chain = acme.issue(1)
    computer.pin(1)
    computer.take(signed(1, chain=chain))
    computer.update(acme, chain[0])

    computer.refuse(signed(1, name="expert-other"), match="its certificate was revoked")


def test_a_revoked_signature_beside_good_ones_is_not_counted(acme: Authority, computer: Computer) -> None:
    """The package stands as long as enough others vouch for it."""
    bad, good = acme.issue(1), acme.issue(2)
    computer.update(acme, bad[0])

    verdict = computer.judge(signed(1, chain=bad), signed(2, chain=good))

    assert [each.statement.key for each in verdict.vouchers] == [key_id(2)]
    assert "revoked" in verdict.uncounted[0]


def test_the_lists_that_were_asked_are_told(acme: Authority, computer: Computer) -> None:
    """So that a person sees by what a key is not revoked."""
    computer.update(acme, number=3)

    (voucher,) = computer.judge(signed(1, chain=acme.issue(1))).vouchers

    assert [(each.number, each.entries) for each in voucher.lists] == [("3", 0)]
    assert voucher.warnings == ()
