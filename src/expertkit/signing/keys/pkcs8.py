"""Private keys as PKCS#8 PEM, encrypted by a passphrase with PBES2 (RFC 8018).

The key of the cipher, AES-256-CBC, comes from the passphrase by PBKDF2 with HMAC-SHA-256. OpenSSL reads what is
written here; the library that reads it back would write as few as 2048 rounds, so the few fields are written here.
"""

from __future__ import annotations

import base64
import hashlib
import os
import textwrap

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

PrivateKey = Ed25519PrivateKey | EllipticCurvePrivateKey

ROUNDS = 600_000
"""Of PBKDF2: what a guess costs."""
_SALT_SIZE = 16
_BLOCK = 16
_KEY_SIZE = 32

_INTEGER, _OCTETS, _SEQUENCE = 0x02, 0x04, 0x30
_PBES2 = bytes.fromhex("06092a864886f70d01050d")
_PBKDF2 = bytes.fromhex("06092a864886f70d01050c")
_HMAC_SHA256 = bytes.fromhex("300c06082a864886f70d02090500")
_AES_256_CBC = bytes.fromhex("060960864801650304012a")


def encode(key: PrivateKey, *, passphrase: bytes | None) -> bytes:
    """The key as PEM, encrypted if there is a passphrase."""
    if passphrase is None:
        return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    plain = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    text = base64.b64encode(_encrypt(plain, passphrase)).decode()
    label = "ENCRYPTED PRIVATE KEY"
    return "\n".join([f"-----BEGIN {label}-----", *textwrap.wrap(text, 64), f"-----END {label}-----", ""]).encode()


def _encrypt(plain: bytes, passphrase: bytes) -> bytes:
    """``EncryptedPrivateKeyInfo``: how it is encrypted, and the bytes."""
    salt, start = os.urandom(_SALT_SIZE), os.urandom(_BLOCK)
    secret = hashlib.pbkdf2_hmac("sha256", passphrase, salt, ROUNDS, _KEY_SIZE)
    missing = _BLOCK - len(plain) % _BLOCK
    encryptor = Cipher(algorithms.AES(secret), modes.CBC(start)).encryptor()
    hidden = encryptor.update(plain + bytes([missing]) * missing) + encryptor.finalize()
    rounds = _der(_INTEGER, ROUNDS.to_bytes(ROUNDS.bit_length() // 8 + 1, "big"))
    derivation = _der(_SEQUENCE, _PBKDF2, _der(_SEQUENCE, _der(_OCTETS, salt), rounds, _HMAC_SHA256))
    cipher = _der(_SEQUENCE, _AES_256_CBC, _der(_OCTETS, start))
    scheme = _der(_SEQUENCE, _PBES2, _der(_SEQUENCE, derivation, cipher))
    return _der(_SEQUENCE, scheme, _der(_OCTETS, hidden))


def _der(tag: int, *parts: bytes) -> bytes:
    """One value of ASN.1's distinguished encoding: tag, length, content."""
    content = b"".join(parts)
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + content
