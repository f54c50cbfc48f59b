"""Signing a statement and checking one: where statement, envelope and key meet."""

from __future__ import annotations

from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from expertkit.errors import FormatError, SignatureError
from expertkit.signing import dsse
from expertkit.signing.dsse import PAYLOAD_TYPE, Envelope, pae
from expertkit.signing.ed25519 import PublicKey
from expertkit.signing.statement import Statement, decode, parse_moment

CLOCK_SKEW = timedelta(minutes=10)
"""How far ahead of ours a signer's clock may be."""


def seal(statement: Statement, private: Ed25519PrivateKey) -> bytes:
    """The envelope of a statement; the same statement and key give the same bytes."""
    payload = statement.encode()
    signature = private.sign(pae(PAYLOAD_TYPE, payload))
    return Envelope(payload=payload, keyid=statement.key, signature=signature).encode()


def check(data: bytes, *, trusted: PublicKey, at: datetime) -> Statement:
    """The statement that ``trusted`` signed and that holds at the time ``at``.

    The signature is verified over the stored bytes before they are read as a statement.

    Raises:
        SignatureError: the envelope is malformed, another key made it, it has expired or is not valid yet.
    """
    try:
        envelope = dsse.decode(data)
        trusted.verify(envelope.signature, pae(PAYLOAD_TYPE, envelope.payload))
        statement = decode(envelope.payload)
        _check_key(statement, envelope, trusted)
        _check_time(statement, at)
    except FormatError as error:
        raise SignatureError(str(error)) from error
    return statement


def read_unverified(data: bytes) -> Statement:
    """What an envelope says, whoever made it: for what one made oneself, never for trust.

    Raises:
        FormatError: the envelope or the statement is malformed.
    """
    return decode(dsse.decode(data).payload)


def _check_key(statement: Statement, envelope: Envelope, trusted: PublicKey) -> None:
    if {statement.key, envelope.keyid} != {trusted.id}:
        raise SignatureError(f"signature: expected key {trusted.id[:12]} to be named, got {statement.key[:12]}")


def _check_time(statement: Statement, at: datetime) -> None:
    if at >= parse_moment(statement.expires):
        raise SignatureError(f"signature: expired {statement.expires}", hint="ask the publisher for a newer package")
    if at + CLOCK_SKEW < parse_moment(statement.created):
        raise SignatureError(f"signature: made {statement.created}, which is in the future of this computer's clock")
