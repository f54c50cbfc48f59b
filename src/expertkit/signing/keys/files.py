"""Private keys in files: PKCS#8 PEM, encrypted where there is a passphrase, that only the owner can read.

A private key is never overwritten and never shown; ``publisher.key`` has its public half in ``publisher.pub``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from expertkit.errors import FormatError, SignatureError
from expertkit.files import write_bytes
from expertkit.signing.ed25519 import KEY_SIZE
from expertkit.signing.keys import pkcs8
from expertkit.signing.keys.guarded import HINT, check_free, read_own, write_new
from expertkit.signing.keys.passphrases import Passphrase, find
from expertkit.signing.keys.places import public_path
from expertkit.signing.keys.public import public_key

_PUBLIC = re.compile(rb"ed25519:[0-9a-f]{64}\s*")


def create(path: Path, *, publisher: str, passphrase: bytes | None) -> Ed25519PrivateKey:
    """Make a new key in a new file of mode 0600, and write its public half beside it.

    Args:
        path: the file.
        publisher: whose key it is.
        passphrase: what encrypts it; with None whoever reads the file has the key.

    Raises:
        SignatureError: there is a file, link or folder of one of the two names already.
        FormatError: the publisher's name is none.
    """
    key = Ed25519PrivateKey.generate()
    _write(path, key, public=str(public_key(key, publisher=publisher)).encode(), passphrase=passphrase)
    return key


def create_p256(path: Path, *, passphrase: bytes | None) -> EllipticCurvePrivateKey:
    """Make a new key of the curve P-256, for tools that know no other; its public half is PEM as well.

    Raises:
        SignatureError: there is a file, link or folder of one of the two names already.
    """
    key = generate_private_key(SECP256R1())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    _write(path, key, public=public, passphrase=passphrase)
    return key


def load(path: Path, *, passphrase: Passphrase | None = find) -> Ed25519PrivateKey:
    """The private key in a file.

    Args:
        path: the file.
        passphrase: what is asked for the passphrase where the key has one; with None such a key is refused.

    Raises:
        SignatureError: there is none, others can read or replace it, or the passphrase is another.
        FormatError: the file holds no Ed25519 key.
    """
    key = _read(path, passphrase)
    if not isinstance(key, Ed25519PrivateKey):
        raise FormatError(f"{path}: expected an Ed25519 key, got another kind", hint=HINT)
    return key


def load_p256(path: Path, *, passphrase: Passphrase | None = find) -> EllipticCurvePrivateKey:
    """The private key of the curve P-256 in a file, under the rules of ``load``.

    Raises:
        SignatureError: there is none, others can read or replace it, or the passphrase is another.
        FormatError: the file holds no key of this curve.
    """
    key = _read(path, passphrase)
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise FormatError(f"{path}: expected a P-256 key, got another kind", hint=f"{HINT} --p256 --output KEY")
    return key


def _write(path: Path, key: pkcs8.PrivateKey, *, public: bytes, passphrase: bytes | None) -> None:
    """Both halves, or neither."""
    beside = public_path(path)
    check_free(path, beside)
    write_new(path, pkcs8.encode(key, passphrase=passphrase))
    try:
        write_bytes(beside, public)
    except BaseException:
        path.unlink()
        raise


def _read(path: Path, passphrase: Passphrase | None) -> Any:
    """Whatever private key is in the file."""
    data = read_own(path, what="a private key", hint=HINT)
    _refuse_older(path, data)
    try:
        return load_pem_private_key(data, password=None)
    except TypeError:
        return _decrypt(path, data, passphrase)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise FormatError(f"{path}: expected a private key as PKCS#8 PEM, got something else", hint=HINT) from error


def _decrypt(path: Path, data: bytes, passphrase: Passphrase | None) -> Any:
    if passphrase is None:
        raise SignatureError(f"{path}: expected a private key without a passphrase, got an encrypted one")
    try:
        return load_pem_private_key(data, password=passphrase(path))
    except (ValueError, UnsupportedAlgorithm) as error:  # a wrong passphrase gives other bytes, malformed in any way
        raise SignatureError(f"{path}: expected its passphrase, got another one, or the file is damaged") from error


def _refuse_older(path: Path, data: bytes) -> None:
    """Say what an older program's key files are: they name no publisher, and the raw ones have no format at all."""
    if len(data) == KEY_SIZE:
        got = f"{KEY_SIZE} bytes, the raw seed of an older program"
    elif _PUBLIC.fullmatch(data):
        got = "a public key of an older program"
    elif data.startswith(b"ed25519:"):
        got = "a public key"
    else:
        return
    raise FormatError(f"{path}: expected a private key as PKCS#8 PEM, got {got}", hint=f"{HINT} makes a new one")
