"""Our envelopes and the library that TUF and in-toto verify with."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

from expertkit.signing import keys
from expertkit.signing.dsse import PAYLOAD_TYPE, pae
from expertkit.signing.dsse import Envelope as Ours

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = keys.public_key(PRIVATE, publisher="mini")
PAYLOAD = b'{"_type":"https://in-toto.io/Statement/v1"}'


def sealed(**more: object) -> Any:
    """An envelope of ours as JSON values, with these further fields in its signature."""
    signature = PRIVATE.sign(pae(PAYLOAD_TYPE, PAYLOAD))
    value = json.loads(Ours(payload=PAYLOAD, keyid=PUBLIC.id, signature=signature).encode())
    value["signatures"][0] |= more
    return value


def verify(value: Any, *, raw: bytes = PUBLIC.raw) -> bytes:
    """The payload, if the library takes the signature for one of the key."""
    envelope = Envelope.from_dict(value)
    key = SSlibKey(PUBLIC.id, "ed25519", "ed25519", {"public": raw.hex()})
    assert list(envelope.verify([key], threshold=1)) == [PUBLIC.id]
    return envelope.payload


@pytest.mark.parametrize("more", [{}, {"certificates": [base64.b64encode(b"one").decode()]}], ids=["plain", "chain"])
def test_the_library_verifies_our_envelope(more: dict[str, object]) -> None:
    """Also where a certificate chain lies in the signature, which it does not know."""
    assert verify(sealed(**more)) == PAYLOAD


def test_the_library_refuses_what_we_would() -> None:
    """Another payload, another type, another key."""
    other = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    changed = base64.b64encode(PAYLOAD.replace(b"v1", b"v2")).decode()

    for value, raw in (
        (sealed() | {"payload": changed}, PUBLIC.raw),
        (sealed() | {"payloadType": "text/plain"}, PUBLIC.raw),
        (sealed(), other),
    ):
        with pytest.raises(VerificationError):
            verify(value, raw=raw)
