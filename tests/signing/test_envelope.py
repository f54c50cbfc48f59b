"""Sealing and checking: one key, one statement, one span of time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from expertkit.errors import SignatureError
from expertkit.signing import Statement, seal, signed_by
from expertkit.signing.dsse import PAYLOAD_TYPE, Envelope, decode, pae
from expertkit.signing.envelope import check_time
from tests.packages.builders import NOW, make_signer, publisher
from tests.signing.builders import make_statement

NOWHERE = Path("nowhere")


def sealed(statement: Statement | None = None, *, seed: int = 1) -> bytes:
    """An envelope made with the private key of ``seed``."""
    private = make_signer(NOWHERE, seed=seed).private
    return seal(statement or make_statement(publisher(seed)), private)


def check(data: bytes, *, at: datetime = NOW) -> Statement:
    """The statement that the key of seed 1 signed, which has to hold."""
    statement = signed_by(data, publisher(1))
    check_time(statement, at)
    return statement


def test_what_was_sealed_checks() -> None:
    """The statement comes back, and sealing again gives the same bytes."""
    statement = make_statement(publisher())

    assert check(sealed()) == statement
    assert sealed() == sealed()


def test_another_key_vouches_for_nothing() -> None:
    """Neither a stranger's signature nor a stranger's key passes."""
    with pytest.raises(SignatureError, match="not made by key"):
        check(sealed(seed=2))


def test_a_statement_that_names_another_key_is_refused() -> None:
    """A trusted key that signs a stranger's statement does not make it its own."""
    foreign = make_statement(publisher(2))

    with pytest.raises(SignatureError, match="to be named"):
        check(sealed(foreign, seed=1))


def test_the_key_hint_may_not_lie() -> None:
    """The envelope names the key that the statement names."""
    envelope = replace(decode(sealed()), keyid="0" * 64)

    with pytest.raises(SignatureError, match="to be named"):
        check(envelope.encode())


@pytest.mark.parametrize(
    ("offset", "accepted"),
    [
        (timedelta(0), True),
        (timedelta(days=365, seconds=-1), True),
        (timedelta(days=365), False),
        (timedelta(days=4000), False),
        (timedelta(minutes=-10), True),
        (timedelta(minutes=-11), False),
    ],
)
def test_a_signature_holds_from_its_creation_to_its_expiry(offset: timedelta, *, accepted: bool) -> None:
    """Expired is refused, from the very second on; so is what a clock far ahead made."""
    if accepted:
        assert check(sealed(), at=NOW + offset).sequence == 1
        return

    with pytest.raises(SignatureError, match=r"expired|future"):
        check(sealed(), at=NOW + offset)


def test_a_signed_payload_that_is_no_statement_is_refused() -> None:
    """A good signature over something else is not a package's signature."""
    private = make_signer(NOWHERE).private
    payload = b'{"_type":"certificate"}'
    envelope = Envelope(payload=payload, keyid=publisher().id, signature=private.sign(pae(PAYLOAD_TYPE, payload)))

    with pytest.raises(SignatureError, match="statement"):
        check(envelope.encode())


def test_a_signature_over_another_type_is_refused() -> None:
    """The payload's type is inside the signed bytes."""
    private = make_signer(NOWHERE).private
    payload = make_statement(publisher()).encode()
    envelope = Envelope(payload=payload, keyid=publisher().id, signature=private.sign(pae("text/plain", payload)))

    with pytest.raises(SignatureError, match="not made by key"):
        check(envelope.encode())


def test_every_changed_byte_of_an_envelope_is_refused() -> None:
    """Flipping the lowest bit of any byte leaves nothing that checks."""
    good = sealed()

    for at in range(len(good)):
        changed = bytearray(good)
        changed[at] ^= 1
        with pytest.raises(SignatureError):
            check(bytes(changed))
