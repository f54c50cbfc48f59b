"""The DSSE envelope: one form, and signed bytes that nothing else can give."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expertkit.errors import FormatError
from expertkit.files import canonical_json
from expertkit.signing.dsse import MAX_SIZE, Envelope, decode, pae

GOOD = Envelope(payload=b"{}", keyid="k", signature=bytes(64))


def test_the_signed_bytes_are_those_of_the_dsse_protocol() -> None:
    """The vector that the protocol's own text gives."""
    assert (
        pae("http://example.com/HelloWorld", b"hello world")
        == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


@settings(deadline=None)
@given(st.tuples(st.text(), st.binary()), st.tuples(st.text(), st.binary()))
def test_different_payloads_have_different_signed_bytes(one: tuple[str, bytes], other: tuple[str, bytes]) -> None:
    """Type and payload can be read back from the signed bytes, so no two pairs share them."""
    assert (pae(*one) == pae(*other)) == (one == other)


def test_lengths_are_counted_in_bytes() -> None:
    """A type outside ASCII has the length of its UTF-8 form."""
    assert pae("ü", b"").startswith(b"DSSEv1 2 ")


def test_an_envelope_survives_its_bytes() -> None:
    """Reading gives what was written."""
    assert decode(GOOD.encode()) == GOOD


def changed(**fields: Any) -> bytes:
    """The good envelope with other fields, in canonical form."""
    return canonical_json(json.loads(GOOD.encode()) | fields)


SIGNATURE = json.loads(GOOD.encode())["signatures"][0]
MALFORMED = {
    "not JSON": b"{",
    "a list": b"[]",
    "spaces between tokens": json.dumps(json.loads(GOOD.encode())).encode(),
    "a repeated key": GOOD.encode().replace(b'{"payload":', b'{"payload":"e30=","payload":', 1),
    "a further field": changed(extra=1),
    "another payload type": changed(payloadType="text/plain"),
    "no signature": changed(signatures=[]),
    "two signatures": changed(signatures=[SIGNATURE, SIGNATURE]),
    "a further field in the signature": changed(signatures=[SIGNATURE | {"cert": ""}]),
    "a signature that is no object": changed(signatures=["x"]),
    "payload without padding": changed(payload="e30"),
    "payload with a line feed": changed(payload="e30=\n"),
    "payload with loose bits": changed(payload="e31="),
    "payload in the URL alphabet": changed(payload=base64.urlsafe_b64encode(b"\xfb\xff\xfe").decode()),
    "payload that is a number": changed(payload=1),
    "too long": b" " * (MAX_SIZE + 1),
    "deeply nested": b"[" * 100_000,
    "NaN": b"NaN",
    "not UTF-8": b'"\xff"',
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
def test_any_other_form_is_refused(data: bytes) -> None:
    """There is one byte form of an envelope."""
    with pytest.raises(FormatError):
        decode(data)
