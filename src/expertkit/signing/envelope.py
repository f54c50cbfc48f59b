"""Signing a statement and reading what a key signed: where statement, envelope and key meet."""

from __future__ import annotations

from datetime import datetime, timedelta

from expertkit.errors import FormatError, SignatureError
from expertkit.signing import dsse
from expertkit.signing.dsse import PAYLOAD_TYPE, Envelope, pae
from expertkit.signing.ed25519 import PublicKey
from expertkit.signing.signer import SigningKey
from expertkit.signing.statement import Statement, decode, parse_moment

CLOCK_SKEW = timedelta(minutes=10)
"""How far ahead of ours a signer's clock may be."""
_NEWER = "ask the publisher for a newer package; if that is you: expert-cli sign"


def seal(statement: Statement, private: SigningKey) -> bytes:
    """The envelope of a statement; the same statement and key give the same bytes."""
    payload = statement.encode()
    signature = private.sign(pae(PAYLOAD_TYPE, payload))
    return Envelope(payload=payload, keyid=statement.key, signature=signature).encode()


def signed_by(data: bytes, key: PublicKey) -> Statement:
    """The statement that ``key`` signed, whenever that was.

    Raises:
        SignatureError: the envelope is malformed, or another key made it.
    """
    try:
        return opened_by(dsse.decode(data), key)
    except FormatError as error:
        raise SignatureError(str(error)) from error


def opened_by(envelope: Envelope, key: PublicKey) -> Statement:
    """The statement in an envelope that ``key`` signed, whenever that was.

    The signature is verified over the stored bytes before they are read as a statement.

    Raises:
        SignatureError: another key made it, or it is no statement.
    """
    try:
        key.verify(envelope.signature, pae(PAYLOAD_TYPE, envelope.payload))
        statement = decode(envelope.payload)
    except FormatError as error:
        raise SignatureError(str(error)) from error
    if {statement.key, envelope.keyid} != {key.id}:
        raise SignatureError(f"signature: expected key {key.id[:12]} to be named, got {statement.key[:12]}")
    return statement


def check_time(statement: Statement, at: datetime) -> None:
    """Return if the statement holds at the time ``at``.

    Raises:
        SignatureError: it has expired, or is not valid yet.
    """
    if at >= parse_moment(statement.expires):
        raise SignatureError(f"signature: expired {statement.expires}", hint=_NEWER)
    if at + CLOCK_SKEW < parse_moment(statement.created):
        raise SignatureError(
            f"signature: made {statement.created}, which is in the future of this computer's clock",
            hint="set this computer's clock, or ask the publisher whose clock is wrong; "
            "expert-cli verify --at TIME tells whether it holds then",
        )


def read_unverified(data: bytes) -> Statement:
    """What an envelope says, whoever made it: for what one made oneself, never for trust.

    Raises:
        FormatError: the envelope or the statement is malformed.
    """
    return decode(dsse.decode(data).payload)
