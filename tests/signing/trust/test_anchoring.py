"""Whose key it is: a root's word, a pin, or nobody's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from expertkit.errors import SignatureError
from expertkit.signing.statement import format_moment
from expertkit.signing.trust.state import with_root, without
from tests.packages.builders import NOW
from tests.signing.trust.builders import DAY, NAME, Authority, Computer, key_id, make_authority, signed


@pytest.fixture
def acme() -> Authority:
    """A root."""
    return make_authority()


@pytest.fixture
def computer(acme: Authority) -> Computer:
    """One that trusts the root and asks for no list."""
    made = Computer()
    made.add(acme)
    return made


def test_a_root_vouches_for_a_key(acme: Authority, computer: Computer) -> None:
    """The publisher is who the certificate says, never who the package says."""
    (voucher,) = computer.judge(signed(1, chain=acme.issue(1))).vouchers

    assert voucher.anchored.trusted_by == "root"
    assert voucher.anchored.anchor == acme.certificate.id
    assert voucher.anchored.key.publisher == "CN=Publisher 1"
    assert [each.subject for each in voucher.anchored.path] == ["CN=Publisher 1", "CN=Acme"]


def test_a_root_vouches_through_an_authority_below_it(acme: Authority, computer: Computer) -> None:
    """The chain may end with the root or before it."""
    chain = acme.team(50).issue(1)

    for each in (chain, (*chain, acme.certificate)):
        (voucher,) = computer.judge(signed(1, chain=each)).vouchers
        assert [step.subject for step in voucher.anchored.path] == ["CN=Publisher 1", "CN=Team 50", "CN=Acme"]


def test_whoever_trusts_nobody_accepts_nothing(acme: Authority) -> None:
    """With or without certificates; the hint says what to do."""
    nobody = Computer()

    by_root = nobody.refuse(signed(1, chain=acme.issue(1)), match="expected a root that you trust, got CN=Acme")
    alone = nobody.refuse(signed(1), match="got [0-9a-f]{12} without a certificate")

    assert str(by_root.hint).startswith("expert-cli trust add")
    assert str(alone.hint).startswith("expert-cli trust pin")


def test_a_chain_that_was_stripped_is_missed(acme: Authority, computer: Computer) -> None:
    """A root says nothing about a bare key."""
    computer.judge(signed(1, chain=acme.issue(1)))

    computer.refuse(signed(1), match="without a certificate")


def test_a_chain_without_the_authority_between_is_no_chain(acme: Authority, computer: Computer) -> None:
    """Nobody guesses what is missing."""
    computer.refuse(signed(1, chain=acme.team(50).issue(1)[:1]), match="expected a root that you trust, got CN=Team 50")


def test_the_chain_of_another_key_vouches_for_nothing(acme: Authority, computer: Computer) -> None:
    """Not even where that key or this one is trusted."""
    computer.pin(1)

    computer.refuse(signed(1, chain=acme.issue(2)), match="expected one of key [0-9a-f]{12}, got one of")


def test_a_chain_of_a_strangers_root_with_the_same_name_is_refused(computer: Computer) -> None:
    """Names decide nothing, signatures do."""
    impostor = make_authority(101)

    computer.refuse(signed(1, chain=impostor.issue(1)), match="certificate of CN=Publisher 1")


def test_of_two_roots_with_one_name_either_vouches(acme: Authority, computer: Computer) -> None:
    """In whichever order they were added."""
    twin = make_authority(101)
    computer.add(twin)

    anchors = [
        computer.judge(signed(number, chain=each.issue(number))).vouchers[0].anchored.anchor
        for number, each in ((1, acme), (2, twin))
    ]

    assert anchors == [acme.certificate.id, twin.certificate.id]


def test_a_pinned_key_needs_no_certificate() -> None:
    """It stands for itself, under the name that it was pinned with."""
    computer = Computer()
    computer.pin(1)

    (voucher,) = computer.judge(signed(1)).vouchers

    assert (voucher.anchored.trusted_by, voucher.anchored.anchor) == ("pin", key_id(1))
    assert voucher.anchored.key.publisher == "publisher 1"
    computer.refuse(signed(2), match="expected a key that you trust")


def test_a_pinned_key_is_taken_with_the_chain_of_an_unknown_root() -> None:
    """The pin was there before it."""
    computer = Computer()
    computer.pin(1)

    assert computer.judge(signed(1, chain=make_authority().issue(1))).vouchers[0].anchored.trusted_by == "pin"


@pytest.mark.parametrize("fault", ["expired", "another expert"])
def test_a_pinned_key_whose_chain_to_a_known_root_fails_stays_refused(
    acme: Authority, computer: Computer, fault: str
) -> None:
    """What a trusted root says against a key is not overruled."""
    computer.pin(1)
    chain = acme.issue(1, days=10) if fault == "expired" else acme.issue(1, names=("expert-other",))

    computer.refuse(signed(1, chain=chain), match="expired|expected an expert of", at=NOW + 11 * DAY)


def test_a_pin_may_be_for_some_experts_alone() -> None:
    """Of others it says nothing."""
    computer = Computer()
    computer.pin(1, NAME, "expert-other")

    computer.judge(signed(1))
    computer.judge(signed(1, name="expert-other"))
    computer.refuse(signed(1, name="expert-third"), match="expected a package of expert-mini, expert-other, got")


def test_a_certificate_may_be_for_some_experts_alone(acme: Authority, computer: Computer) -> None:
    """A publisher of one expert does not sign another."""
    chain = acme.issue(1, names=("expert-other",))

    computer.judge(signed(1, chain=chain, name="expert-other"))
    computer.refuse(signed(1, chain=chain), match="expected an expert of expert-other, got expert-mini")


def test_an_authority_does_not_sign_packages(acme: Authority, computer: Computer) -> None:
    """A key is one or the other."""
    team = acme.team(50)

    computer.refuse(signed(50, chain=team.above), match="expected a signer of packages, got an authority")
    computer.refuse(signed(100, chain=(acme.certificate,)), match="got the root alone")


def test_a_root_that_is_no_longer_trusted_vouches_for_nothing(acme: Authority, computer: Computer) -> None:
    """Removed by the first digits of its fingerprint."""
    signature = signed(1, chain=acme.issue(1))
    computer.judge(signature)

    computer.trust = without(computer.trust, acme.certificate.id[:10])

    computer.refuse(signature, match="expected a root that you trust")


def test_only_one_that_is_meant_is_removed(computer: Computer) -> None:
    """What stands for several or for none is refused, and all that there are is listed."""
    computer.pin(1)

    for wanted in ("", "x"):
        with pytest.raises(SignatureError, match=f"expected one of .*{key_id(1)[:12]}"):
            without(computer.trust, wanted)


def test_a_root_is_an_authority_that_vouches_for_itself(acme: Authority) -> None:
    """Neither a signer's certificate, nor one below another, nor one that another key signed in its name."""
    forged = replace(acme.certificate, signature=make_authority(101).certificate.signature)
    for certificate in (acme.issue(1)[0], acme.team(50).certificate, forged):
        with pytest.raises(SignatureError, match="certificate"):
            with_root(Computer().trust, certificate, needs_list=False, added=format_moment(NOW))


def test_the_key_of_a_certificate_is_what_has_signed(acme: Authority, computer: Computer) -> None:
    """An envelope that names a trusted key is not one that the key made."""
    good, foreign = signed(1, chain=acme.issue(1)), signed(2)
    forged = replace(good, envelope=foreign.envelope.replace(key_id(2).encode(), key_id(1).encode()))

    computer.refuse(forged, match="signature|envelope|certificate")
