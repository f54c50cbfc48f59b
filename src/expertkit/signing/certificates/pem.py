"""PEM in one form: blocks of Base64 in lines of 64 characters, and nothing else in the file."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable

from expertkit.errors import FormatError

CERTIFICATE, REQUEST, LIST = "CERTIFICATE", "CERTIFICATE REQUEST", "X509 CRL"
_BLOCK = re.compile(
    rb"-----BEGIN (?P<label>[A-Z0-9 ]{1,40})-----\n(?P<body>[A-Za-z0-9+/=\n]*)-----END (?P=label)-----\n"
)
_HINT = "openssl x509, req or crl writes this form with -in FILE -out FILE"


def encode(label: str, ders: Iterable[bytes]) -> bytes:
    """The blocks of these values, one after another."""
    return b"".join(_block(label, der) for der in ders)


def decode(data: bytes, *, label: str, what: str) -> tuple[bytes, ...]:
    """The values of the blocks in ``data``, which are all of one kind; there is at least one.

    Raises:
        FormatError: there is anything else in it, or another form of the same.
    """
    try:
        ders = tuple(base64.b64decode(block["body"]) for block in _BLOCK.finditer(data))
    except binascii.Error as error:
        raise FormatError(f"{what}: expected PEM, got what is no Base64") from error
    if not ders or encode(label, ders) != data:
        raise FormatError(f"{what}: expected PEM of {label}, in lines of 64 and nothing else", hint=_HINT)
    return ders


def unwrap(data: bytes, *, label: str, what: str) -> bytes:
    """The one value in ``data``, which is DER or PEM.

    Raises:
        FormatError: it is PEM, but not of one value of that kind.
    """
    if not is_pem(data):
        return data
    ders = decode(data, label=label, what=what)
    if len(ders) != 1:
        raise FormatError(f"{what}: expected one {label}, got {len(ders)}")
    return ders[0]


def is_pem(data: bytes) -> bool:
    """Whether ``data`` begins as PEM does."""
    return data.startswith(b"-----BEGIN ")


def label_of(data: bytes) -> str | None:
    """What the first block says it is."""
    found = re.match(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----\n", data)
    return found[1].decode() if found else None


def _block(label: str, der: bytes) -> bytes:
    text = base64.b64encode(der)
    lines = b"".join(text[at : at + 64] + b"\n" for at in range(0, len(text), 64))
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (label.encode(), lines, label.encode())
