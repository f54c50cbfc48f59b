"""The DSSE envelope: what is signed is the payload's type and exact bytes, each with its length.

An envelope has one byte form, RFC 8785 JSON, and one signature. ``keyid`` is a hint: whoever verifies brings the key
along, or a root that the certificates lead to, which ``members.bundle`` keeps beside it.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from expertkit.errors import FormatError
from expertkit.files import canonical_json
from expertkit.signing import canonical

PAYLOAD_TYPE = "application/vnd.in-toto+json"
MAX_SIZE = 4 << 20
"""Largest envelope that is read, in bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A payload of type ``PAYLOAD_TYPE`` with its signature."""

    payload: bytes
    keyid: str
    signature: bytes

    def encode(self) -> bytes:
        """The one byte form."""
        signature = {"keyid": self.keyid, "sig": _text(self.signature)}
        return canonical_json(
            {"payload": _text(self.payload), "payloadType": PAYLOAD_TYPE, "signatures": [signature]},
        )


def pae(payload_type: str, payload: bytes) -> bytes:
    """The bytes that are signed: ``DSSEv1 <length> <type> <length> <payload>``."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def decode(data: bytes) -> Envelope:
    """The envelope in ``data``.

    Raises:
        FormatError: it is no envelope, has another payload type or signature count, or another byte form.
    """
    value = canonical.loads(data, what="envelope", max_bytes=MAX_SIZE)
    try:
        (signature,) = value["signatures"]
        envelope = Envelope(
            payload=_bytes(value["payload"]), keyid=str(signature["keyid"]), signature=_bytes(signature["sig"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError("envelope: expected a payload, its type and one signature") from error
    if envelope.encode() != data:
        raise FormatError(
            f"envelope: expected exactly a payload of type {PAYLOAD_TYPE}, keyid and sig, got more or less"
        )
    return envelope


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error
