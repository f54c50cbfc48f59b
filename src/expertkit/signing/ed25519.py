"""Strict Ed25519: public keys and signatures of which there is only one reading.

OpenSSL accepts public keys of small order, for which anybody can make signatures, and
encodings that are not canonical. Both are refused here before OpenSSL sees them, as
dalek's ``verify_strict`` and libsodium do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from expertkit.errors import FormatError, SignatureError
from expertkit.files import sha256_bytes

KEY_SIZE = 32
SIGNATURE_SIZE = 64

_PRIME = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _PRIME) % _PRIME
_ORDER_EIGHT = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL_ORDER = frozenset({0, 1, _PRIME - 1, _ORDER_EIGHT, _PRIME - _ORDER_EIGHT})
"""The y coordinates of the eight points whose order divides 8."""

_PUBLISHER = r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]{1,100}"
_LINE = re.compile(rf"ed25519:(?P<key>[0-9a-f]{{64}}) (?P<publisher>{_PUBLISHER})\n")


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A publisher's key with the name the publisher gave himself; the key alone decides."""

    raw: bytes
    """32 bytes, a canonical point that is not of small order."""
    publisher: str

    def __post_init__(self) -> None:
        check_point(self.raw, what="public key")
        check_publisher(self.publisher)

    @property
    def id(self) -> str:
        """Hex SHA-256 of the 32 bytes."""
        return sha256_bytes(self.raw)

    @classmethod
    def from_str(cls, text: str) -> PublicKey:
        """The key in ``ed25519:<64 hex> <publisher>`` and a line feed.

        Raises:
            FormatError: the line is malformed, or the key is one that proves nothing.
        """
        line = _LINE.fullmatch(text)
        if not line:
            got = "a private key, whose public half lies beside it as .pub" if "PRIVATE" in text else "something else"
            raise FormatError(f"public key: expected 'ed25519:<64 hex digits> <publisher>', got {got}")
        return cls(bytes.fromhex(line["key"]), line["publisher"])

    def __str__(self) -> str:
        return f"ed25519:{self.raw.hex()} {self.publisher}\n"

    def verify(self, signature: bytes, message: bytes) -> None:
        """Return if the key signed ``message``.

        Raises:
            SignatureError: it did not, or the signature has another reading.
        """
        if len(signature) != SIGNATURE_SIZE or int.from_bytes(signature[32:], "little") >= _ORDER:
            raise SignatureError("signature: expected 64 bytes with S below the group order")
        try:
            _check_form(signature[:32], what="signature, R")  # OpenSSL compares R as bytes: it need not be on the curve
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except (FormatError, InvalidSignature) as error:
            raise SignatureError(f"signature: not made by key {self.id[:12]} over these bytes") from error


def check_publisher(name: str) -> None:
    """Return if ``name`` may be a publisher's.

    Raises:
        FormatError: it may not.
    """
    if not re.fullmatch(_PUBLISHER, name) or name != name.strip():
        raise FormatError(f"publisher: expected 1 to 100 printable characters, got {name!r}")


def public_bytes(key: Ed25519PublicKey) -> bytes:
    """The 32 bytes of a public key."""
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def check_point(encoded: bytes, *, what: str) -> None:
    """Return if ``encoded`` is the one encoding of a curve point that is not of small order.

    Raises:
        FormatError: it is anything else.
    """
    y = _check_form(encoded, what=what)
    if not _is_square((y * y - 1) * (_D * y * y + 1)):  # as their quotient is
        raise FormatError(f"{what}: expected a point of the curve, got {encoded.hex()}")


def _check_form(encoded: bytes, *, what: str) -> int:
    """The y coordinate that is encoded, if it is so in the one way, and none of a point of small order."""
    if len(encoded) != KEY_SIZE:
        raise FormatError(f"{what}: expected {KEY_SIZE} bytes, got {len(encoded)}")
    y = int.from_bytes(encoded, "little") & (2**255 - 1)
    if y >= _PRIME:
        raise FormatError(f"{what}: expected a canonical encoding, got {encoded.hex()}")
    if y in _SMALL_ORDER:
        raise FormatError(f"{what}: expected a point of large order, got {encoded.hex()}, for which anybody can sign")
    return y


def _is_square(number: int) -> bool:
    """Whether ``number`` has a square root modulo the prime (Euler's criterion)."""
    return pow(number, (_PRIME - 1) // 2, _PRIME) in {0, 1}
