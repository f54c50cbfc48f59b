"""Older packages than were seen are refused: TUF's rollback, fast-forward and key rotation, for experts."""

from __future__ import annotations

import pytest

from expertkit.signing.statement import Base
from tests.packages.builders import NOW
from tests.signing.trust.builders import DAY, NAME, Authority, Computer, key_id, make_authority, signed


@pytest.fixture
def acme() -> Authority:
    """A root."""
    return make_authority()


@pytest.fixture
def computer(acme: Authority) -> Computer:
    """One that trusts the root, and the key 9 for itself."""
    made = Computer()
    made.add(acme)
    made.pin(9)
    return made


def test_an_older_version_is_refused(computer: Computer) -> None:
    """Rollback: and the hint says how to go back where that is meant."""
    computer.take(signed(9, version="1.10.0"))

    error = computer.refuse(signed(9, version="1.9.0", sequence=99), match="expected at least 1.10.0, which was seen")

    assert error.hint == f"expert-cli trust forget {NAME}, or --allow-older this one time, if you mean to go back"
    computer.take(signed(9, version="1.10.0"))
    computer.take(signed(9, version="1.10.1"))


def test_a_release_candidate_is_older_than_its_release(computer: Computer) -> None:
    """As semver.org has it."""
    computer.take(signed(9, version="1.0.0-rc.2"))
    computer.take(signed(9, version="1.0.0-rc.10"))
    computer.take(signed(9, version="1.0.0"))

    computer.refuse(signed(9, version="1.0.0-rc.11"), match="expected at least 1.0.0")


def test_an_older_signature_of_the_same_version_is_refused(computer: Computer) -> None:
    """Rollback within a version that was signed anew; the same one again is fine."""
    computer.take(signed(9, sequence=5))

    computer.take(signed(9, sequence=5))
    computer.refuse(signed(9, sequence=4), match="expected at least 5, which was seen, got 4")
    computer.take(signed(9, sequence=6))
    computer.refuse(signed(9, sequence=5), match="expected at least 6")


def test_what_stands_after_a_plus_makes_no_version_newer(computer: Computer) -> None:
    """Build metadata has no order, so the number counts across it."""
    computer.take(signed(9, version="1.0.0+a", sequence=9))

    computer.refuse(signed(9, version="1.0.0+b", sequence=5), match="expected at least 9")
    computer.take(signed(9, version="1.0.0+b", sequence=10))
    computer.refuse(signed(9, version="1.0.0+a", sequence=9), match="expected at least 10")


def test_each_base_has_its_own_newest(computer: Computer) -> None:
    """An expert is packed for one base after the other."""
    computer.take(signed(9, version="2.0.0", sequence=8))

    computer.take(signed(9, version="1.0.0", sequence=2, base=Base(name="other", fingerprint="e" * 64)))

    assert [(row.base, row.version) for row in computer.trust.seen] == [("nano", "2.0.0"), ("other", "1.0.0")]


def test_each_form_has_its_own_newest_number(computer: Computer) -> None:
    """A container may have been signed before the archive of the same version, but not of an older one."""
    container = {"members": (), "content_digest": "d" * 64}
    computer.take(signed(9, version="1.1.0", sequence=7))

    computer.take(signed(9, version="1.1.0", sequence=3, **container))
    computer.refuse(signed(9, version="1.1.0", sequence=2, **container), match="expected at least 3")
    computer.refuse(signed(9, version="1.0.0", sequence=9, **container), match="expected at least 1.1.0")

    assert [dict(row.sequences) for row in computer.trust.seen] == [{"archive": 7, "container": 3}]


def test_each_expert_has_its_own_newest(computer: Computer) -> None:
    """Numbers go on across experts, versions do not."""
    computer.take(signed(9, version="2.0.0", sequence=2))
    computer.take(signed(9, name="expert-other", sequence=1))


def test_each_anchor_has_its_own_newest(acme: Authority, computer: Computer) -> None:
    """A key that somebody pinned cannot raise the numbers of those that a root vouches for."""
    computer.take(signed(9, version="999.0.0", sequence=10**9))

    computer.take(signed(1, chain=acme.issue(1)))


def test_a_chain_that_was_stripped_takes_no_memory_with_it(acme: Authority, computer: Computer) -> None:
    """A key that is pinned and that a root vouches for is one key: its old package does not pass bare."""
    computer.take(signed(9, chain=acme.issue(9), version="2.0.0", sequence=2))

    computer.refuse(signed(9, version="1.0.0"), match="expected at least 2.0.0")
    computer.refuse(signed(9, version="2.0.0", sequence=1), match="expected at least 2")


def test_a_chain_that_was_put_on_takes_no_memory_with_it(acme: Authority, computer: Computer) -> None:
    """The other way round as well."""
    computer.take(signed(9, version="2.0.0", sequence=2))

    computer.refuse(signed(9, chain=acme.issue(9), version="1.0.0"), match="expected at least 2.0.0")


def test_another_signature_does_not_make_up_for_an_old_one(computer: Computer) -> None:
    """Where one trusted key says that there is something newer, no other key says otherwise."""
    computer.take(signed(9, version="2.0.0"))
    computer.pin(8)

    computer.refuse(signed(8, version="1.0.0"), signed(9, version="1.0.0"), match="expected at least 2.0.0")
    computer.refuse(signed(9, version="1.0.0"), signed(8, version="1.0.0"), match="expected at least 2.0.0")


def test_key_rotation_under_one_root(acme: Authority, computer: Computer) -> None:
    """Key rotation: the new key counts from 1 again, and the version may still not fall."""
    computer.take(signed(1, chain=acme.issue(1), version="1.1.0", sequence=40))

    computer.refuse(signed(2, chain=acme.issue(2), version="1.0.0"), match="expected at least 1.1.0")
    computer.take(signed(2, chain=acme.issue(2), version="1.1.0"))
    computer.take(signed(2, chain=acme.issue(2), version="1.2.0", sequence=2))
    computer.refuse(signed(1, chain=acme.issue(1), version="1.1.0", sequence=41), match="expected at least 1.2.0")


def test_a_renewed_certificate_leaves_the_memory(acme: Authority, computer: Computer) -> None:
    """It is the key whose numbers count."""
    computer.take(signed(1, chain=acme.issue(1), sequence=5))

    computer.refuse(signed(1, chain=acme.issue(1), sequence=4), match="expected at least 5")


@pytest.mark.parametrize("revoked", ["key", "authority above it"])
def test_a_leaked_key_cannot_lock_the_publisher_out(acme: Authority, computer: Computer, revoked: str) -> None:
    """Fast-forward: what a revoked key said is forgotten with it, and the real next version is taken."""
    leaked_team, team = acme.team(50), acme.team(51)
    leaked = leaked_team.issue(1)
    computer.take(signed(2, chain=team.issue(2), version="1.0.0"))
    computer.take(signed(1, chain=leaked, version="999.0.0", sequence=10**9))
    real = signed(2, chain=team.issue(2), version="1.1.0", sequence=2)
    computer.refuse(real, match="expected at least 999.0.0")

    if revoked == "key":
        computer.update(leaked_team, leaked[0])
    else:
        computer.update(acme, leaked_team.certificate)

    computer.take(real)
    computer.refuse(signed(2, chain=team.issue(2), version="1.0.0"), match="expected at least 1.1.0")
    computer.refuse(signed(1, chain=leaked, version="999.0.1", sequence=10**9 + 1), match="revoked")


def test_older_is_taken_where_it_is_meant(computer: Computer) -> None:
    """--allow-older, once: what was seen stays the newest."""
    computer.take(signed(9, version="2.0.0", sequence=7))
    before = computer.trust

    computer.take(signed(9, version="1.0.0", sequence=1), allow_older=True)

    assert computer.trust == before
    computer.refuse(signed(9, version="1.0.0", sequence=1), match="expected at least 2.0.0")


def test_what_is_refused_is_not_remembered(computer: Computer) -> None:
    """A forged package cannot raise the numbers."""
    for forged in (signed(9, other=True, version="999.0.0"), signed(9, version="999.0.0", at=NOW + DAY)):
        computer.refuse(forged, match="others|future")

    computer.take(signed(9))
    assert [(row.key, row.version) for row in computer.trust.seen] == [(key_id(9), "1.0.0")]


def test_every_key_of_a_package_is_remembered(computer: Computer) -> None:
    """Each by its own number."""
    computer.pin(8)
    computer.rule(signatures=2)

    computer.take(signed(8, sequence=3), signed(9, sequence=4))

    assert {row.key: dict(row.sequences) for row in computer.trust.seen} == {
        key_id(8): {"archive": 3}, key_id(9): {"archive": 4},
    }  # fmt: skip
