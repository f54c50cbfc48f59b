"""What is out of date is not taken for good: TUF's freeze and mix-and-match attacks, for experts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

import pytest

from expertkit.errors import SignatureError
from expertkit.signing import Statement
from expertkit.signing.statement import Base
from tests.packages.builders import NOW
from tests.signing.trust.builders import DAY, Authority, Computer, make_authority, signed

REFUSE, WARN = "refuse", "warn"


@pytest.fixture
def acme() -> Authority:
    """A root."""
    return make_authority()


@pytest.fixture
def computer(acme: Authority) -> Computer:
    """One that trusts the root, and needs its list, which is there and good for 30 days."""
    made = Computer()
    made.add(acme, needs_list=True)
    made.update(acme)
    return made


def test_a_signature_that_has_expired_is_refused(acme: Authority, computer: Computer) -> None:
    """Freeze: from the very second on, for whatever use."""
    signature, last = signed(1, chain=acme.issue(1), valid_days=20), NOW + 20 * DAY

    computer.judge(signature, at=last - timedelta(seconds=1))
    for use in ("install", "load"):
        computer.refuse(signature, at=last, use=use, match="signature: expired 2026-02-20T12:00:00Z")


def test_a_certificate_that_has_expired_is_refused(acme: Authority, computer: Computer) -> None:
    """Even where the signature would still hold."""
    computer.refuse(signed(1, chain=acme.issue(1, days=10)), at=NOW + 10 * DAY, match="expired 2026-02-10")


def test_a_root_that_has_expired_vouches_for_nothing() -> None:
    """It is a certificate like the others."""
    old, computer = make_authority(days=50), Computer()
    computer.add(old)

    computer.refuse(signed(1, chain=old.issue(1, days=50)), at=NOW + 50 * DAY, match="expired")


@pytest.mark.parametrize(
    ("rules", "use", "refused"),
    [
        ({}, "install", True), ({}, "load", False),
        ({"stale_install": WARN}, "install", False), ({"stale_load": REFUSE}, "load", True),
        ({"stale_install": WARN, "stale_load": REFUSE}, "install", False),
        ({"stale_install": REFUSE, "stale_load": WARN}, "load", False),
    ],
)  # fmt: skip
def test_a_list_that_should_have_been_renewed(
    acme: Authority, computer: Computer, rules: dict[str, Any], use: Literal["install", "load"], *, refused: bool
) -> None:
    """Freeze: refused where packages come in, put up with where experts are loaded, or as the rules have it."""
    computer.rule(**rules)
    signature, late = signed(1, chain=acme.issue(1)), NOW + 30 * DAY
    computer.judge(signature, at=late - timedelta(seconds=1), use=use)

    if refused:
        error = computer.refuse(signature, at=late, use=use, match="list 1 of CN=Acme was to be renewed by 2026-03-02")
        assert str(error.hint).startswith("expert-cli trust update")
    else:
        assert "was to be renewed by" in computer.judge(signature, at=late, use=use).warnings[0]


def test_a_list_out_of_date_still_says_what_is_revoked(acme: Authority, computer: Computer) -> None:
    """However old it is."""
    chain = acme.issue(1)
    computer.update(acme, chain[0], number=2)

    computer.refuse(signed(1, chain=chain), at=NOW + 90 * DAY, use="load", match="revoked 2026-01-31")


def test_a_list_that_is_missing_is_missed(acme: Authority) -> None:
    """Where the root was added with lists; where it was added without, nobody asks."""
    with_lists, without_lists = Computer(), Computer()
    with_lists.add(acme, needs_list=True)
    without_lists.add(acme)
    signature = signed(1, chain=acme.issue(1))

    for use in ("install", "load"):
        with_lists.refuse(signature, use=use, match="expected a list of CN=Acme, got none")
    assert without_lists.judge(signature).vouchers[0].lists == ()


def test_each_authority_of_a_path_needs_its_list(acme: Authority, computer: Computer) -> None:
    """The root's says nothing about what an authority below it issued."""
    team = acme.team(50)
    signature = signed(1, chain=team.issue(1))
    computer.refuse(signature, match="expected a list of CN=Team 50, got none")

    computer.update(team)

    (voucher,) = computer.judge(signature).vouchers
    assert [each.issuer for each in voucher.lists] == [team.certificate.key_id, acme.certificate.key_id]


@pytest.mark.parametrize(
    "changed",
    [{"version": "1.0.1"}, {"name": "expert-other"}, {"base": Base(name="other", fingerprint="f" * 64)}],
    ids=["version", "name", "base"],
)
def test_a_statement_of_another_package_is_refused(
    acme: Authority, computer: Computer, changed: dict[str, Any]
) -> None:
    """Mix and match: whatever the caller finds different refuses it, though the signature is good."""

    def about(statement: Statement) -> None:
        if (statement.name, statement.version, statement.base.name) != ("expert-mini", "1.0.0", "nano"):
            raise SignatureError("signature: expected one for this expert and base")

    computer.refuse(signed(1, chain=acme.issue(1), **changed), about=about, match="for this expert and base")
    computer.judge(signed(1, chain=acme.issue(1)), about=about)
