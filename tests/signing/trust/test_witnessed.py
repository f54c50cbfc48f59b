"""Signing time counts where a witness proves it, and only then: certificates have to hold at that time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from expertkit.errors import SignatureError
from expertkit.files import sha256_bytes
from expertkit.members.signatures import Signature
from expertkit.signing.trust import Verdict
from tests.packages.builders import NOW
from tests.signing.trust.builders import DAY, Computer, about_members, make_authority, signed

ACME = make_authority()
LEAF = ACME.issue(1, days=100)


def judged(computer: Computer, signature: Signature, *, at: datetime, proven: datetime | None) -> Verdict:
    """The verdict, where a witness saw the signature at ``proven``."""
    verifier = computer.verifier(at=at)
    times = {sha256_bytes(signature.envelope): proven} if proven else {}
    return replace(verifier, occasion=replace(verifier.occasion, proven=times)).judge([signature], about=about_members)


def test_what_was_signed_before_the_key_was_revoked_counts_on_if_a_witness_says_so() -> None:
    """It is accepted with a warning; without a proof, or with one of a later time, revoked means revoked."""
    computer = Computer()
    computer.add(ACME, needs_list=True)
    signature = signed(1, chain=LEAF)
    computer.update(ACME, LEAF[0], at=NOW + 10 * DAY)

    verdict = judged(computer, signature, at=NOW + 11 * DAY, proven=NOW + DAY)

    assert "a witness saw this signature before" in verdict.warnings[0]
    for proven in (None, NOW + 10 * DAY, NOW + 11 * DAY):
        with pytest.raises(SignatureError, match="revoked"):
            judged(computer, signature, at=NOW + 11 * DAY, proven=proven)


def test_a_certificate_that_has_run_out_holds_at_the_proven_time() -> None:
    """The statement's own expiry stays one of today."""
    computer = Computer()
    computer.add(ACME)
    signature = signed(1, chain=LEAF)

    verdict = judged(computer, signature, at=NOW + 200 * DAY, proven=NOW + DAY)

    assert verdict.statement.name == "expert-mini"
    with pytest.raises(SignatureError, match="expired"):
        judged(computer, signature, at=NOW + 200 * DAY, proven=None)
    with pytest.raises(SignatureError, match="signature: expired"):
        judged(computer, signature, at=NOW + 366 * DAY, proven=NOW + DAY)


def test_the_proof_of_one_signature_is_none_of_another() -> None:
    """Times belong to the bytes of an envelope."""
    computer = Computer()
    computer.add(ACME)
    other = signed(1, chain=LEAF, sequence=2)
    verifier = computer.verifier(at=NOW + 200 * DAY)
    times = {sha256_bytes(signed(1, chain=LEAF).envelope): NOW + DAY}

    with pytest.raises(SignatureError, match="expired"):
        replace(verifier, occasion=replace(verifier.occasion, proven=times)).judge([other], about=about_members)
