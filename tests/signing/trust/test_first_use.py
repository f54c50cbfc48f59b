"""Trust on first use: the first key of an expert is learnt, and no other one after it."""

from __future__ import annotations

import pytest

from expertkit.errors import SignatureError
from expertkit.signing.trust import remembered
from expertkit.signing.trust.state import without
from tests.packages.builders import NOW
from tests.signing.trust.builders import NAME, Authority, Computer, key_id, make_authority, signed


@pytest.fixture
def acme() -> Authority:
    """A root that nobody here trusts."""
    return make_authority()


@pytest.fixture
def computer() -> Computer:
    """One that learns keys."""
    made = Computer()
    made.rule(mode="first use")
    return made


def test_the_first_key_is_learnt_and_taken_again(acme: Authority, computer: Computer) -> None:
    """The second time it is a pin for this expert, with or without its certificate."""
    first = computer.take(signed(1, chain=acme.issue(1)))
    (pin,) = computer.trust.pins
    second, bare = computer.take(signed(1, chain=acme.issue(1), sequence=2)), computer.take(signed(1, sequence=3))

    assert [each.vouchers[0].anchored.trusted_by for each in (first, second, bare)] == ["first use", "pin", "pin"]
    assert (pin.how, pin.names, pin.publisher) == (
        "first use",
        (NAME,),
        "unknown publisher",
    )
    assert computer.trust.pins == (pin,)


def test_a_changed_key_stops_with_both_fingerprints_in_full(acme: Authority, computer: Computer) -> None:
    """So that somebody can ask the publisher which is his."""
    computer.take(signed(1, chain=acme.issue(1)))

    error = computer.refuse(signed(2, chain=acme.issue(2), version="2.0.0"), match="until now, this package with")

    assert key_id(1) in str(error)
    assert key_id(2) in str(error)
    assert str(error.hint).endswith(f"expert-cli trust remove {key_id(1)[:12]}")


def test_after_the_old_key_is_removed_the_new_one_is_learnt(acme: Authority, computer: Computer) -> None:
    """What the hint says helps."""
    computer.take(signed(1, chain=acme.issue(1)))

    computer.trust = without(computer.trust, key_id(1)[:12])

    computer.take(signed(2, chain=acme.issue(2), version="2.0.0"))
    computer.refuse(signed(1, chain=acme.issue(1)), match="until now")


def test_one_key_may_be_learnt_for_two_experts(acme: Authority, computer: Computer) -> None:
    """Each time from a package of the expert."""
    computer.take(signed(1, chain=acme.issue(1)))
    second = computer.take(signed(1, chain=acme.issue(1), name="expert-other"))

    assert second.vouchers[0].anchored.trusted_by == "first use"
    assert [pin.names for pin in computer.trust.pins] == [(NAME, "expert-other")]
    computer.refuse(signed(2, chain=acme.issue(2), name="expert-other"), match="until now")


def test_a_key_pinned_by_hand_for_some_experts_is_learnt_for_no_other(acme: Authority, computer: Computer) -> None:
    """What somebody said is not widened by what comes."""
    computer.pin(1, "expert-other")

    computer.refuse(signed(1, chain=acme.issue(1)), match="expected a package of expert-other, got expert-mini")


def test_without_a_certificate_there_is_nothing_to_learn_from(acme: Authority, computer: Computer) -> None:
    """And the refusal says so, of a key that nobody knows and of one that is known for another expert."""
    stranger = computer.refuse(signed(1), match="expected a key that you trust, got [0-9a-f]{12} without a certificate")
    computer.take(signed(1, chain=acme.issue(1)))
    known = computer.refuse(signed(1, name="expert-other"), match="expected a certificate to learn it from, got none")

    assert str(stranger.hint).startswith("expert-cli trust pin PUBFILE")
    assert known.hint == "expert-cli trust pin PUBFILE"


@pytest.mark.parametrize("known_by", ["root", "pin for any expert"])
def test_an_expert_that_somebody_trusted_signed_is_not_learnt_from_a_stranger(
    acme: Authority, computer: Computer, known_by: str
) -> None:
    """It is no longer its first use, and the newer version number does not help."""
    trusted = make_authority(101, name="Trusted")
    if known_by == "root":
        computer.add(trusted)
        computer.take(signed(1, chain=trusted.issue(1)))
    else:
        computer.pin(1)
        computer.take(signed(1))

    error = computer.refuse(signed(2, chain=acme.issue(2), version="2.0.0"), match="until now, this package with")

    assert str(error.hint).endswith(f"expert-cli trust pin PUBFILE --for {NAME}")
    computer.pin(2, NAME)
    computer.take(signed(2, chain=acme.issue(2), version="2.0.0"))


def test_a_stranger_who_adds_a_signature_is_not_learnt(acme: Authority, computer: Computer) -> None:
    """Anybody can add one to a package that a trusted key signed; it would vouch alone the next time."""
    computer.pin(1)

    verdict = computer.take(signed(1), signed(2, chain=acme.issue(2)))

    assert [each.statement.key for each in verdict.vouchers] == [key_id(1)]
    assert f"key {key_id(2)[:12]}: nobody vouches for it" in verdict.uncounted[0]
    assert len(computer.trust.pins) == 1
    computer.refuse(signed(2, chain=acme.issue(2)), match="until now")


def test_a_stranger_does_not_make_up_the_number(acme: Authority, computer: Computer) -> None:
    """Where two keys have to sign, one that is trusted and one that nobody knows are one."""
    computer.rule(mode="first use", signatures=2)
    computer.pin(1)

    computer.refuse(signed(1), signed(2, chain=acme.issue(2)), match="expected 2 by different keys that you trust, got")


def test_of_two_keys_at_once_only_one_is_learnt(acme: Authority, computer: Computer) -> None:
    """Whoever was judged before the other one was remembered comes too late."""
    first, second = (computer.judge(signed(number, chain=acme.issue(number))) for number in (1, 2))

    trust = remembered(computer.trust, first, at=NOW)

    with pytest.raises(SignatureError, match="until now, this package with"):
        remembered(trust, second, at=NOW)


def test_nothing_is_learnt_where_only_those_added_are_trusted(acme: Authority) -> None:
    """Which is so unless somebody says otherwise."""
    Computer().refuse(signed(1, chain=acme.issue(1)), match="expected a root that you trust")
