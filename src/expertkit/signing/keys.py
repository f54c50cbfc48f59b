"""Key files: private ones as PKCS#8 PEM that only the owner can read, public ones as one line.

A private key is never overwritten and never shown; ``publisher.key`` has its public half in ``publisher.pub``.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from expertkit.errors import FormatError, SignatureError
from expertkit.files import open_regular, write_bytes
from expertkit.signing.ed25519 import PublicKey, check_publisher, public_bytes

_MAX_SIZE = 16 << 10
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OLD = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_HINT = "expert-cli keygen"


def signer_home(environment: Mapping[str, str]) -> Path:
    """The folder of a signer's key and ledger: ``$EXPERTKIT_HOME`` or ``~/.expertkit``."""
    home = environment.get("EXPERTKIT_HOME")
    return Path(home) if home else Path.home() / ".expertkit"


def key_path(environment: Mapping[str, str]) -> Path:
    """The signer's private key: ``$EXPERTKIT_KEY`` or ``publisher.key`` in the signer's home."""
    key = environment.get("EXPERTKIT_KEY")
    return Path(key) if key else signer_home(environment) / "publisher.key"


def create(path: Path, *, publisher: str) -> Ed25519PrivateKey:
    """Make a new key in a new file of mode 0600, and write its public half beside it.

    Raises:
        SignatureError: there is a file, link or folder of one of the two names already.
        FormatError: the publisher's name is none.
    """
    check_publisher(publisher)
    for taken in (path, public_path(path)):
        if os.path.lexists(taken):
            raise SignatureError(f"{taken}: expected no such file, got one; a key is never overwritten")
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, _NEW, 0o600)
    except FileExistsError as error:
        raise SignatureError(f"{path}: expected no such file, got one; a key is never overwritten") from error
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    write_bytes(public_path(path), str(public_key(key, publisher=publisher)).encode())
    return key


def load(path: Path) -> Ed25519PrivateKey:
    """The private key in a file.

    Raises:
        SignatureError: there is none, or others can read or replace it.
        FormatError: the file holds no unencrypted Ed25519 key.
    """
    try:
        descriptor = os.open(path, _OLD)
    except FileNotFoundError as error:
        raise SignatureError(f"{path}: expected a private key, got no such file", hint=_HINT) from error
    except PermissionError:
        raise
    except OSError as error:
        raise SignatureError(f"{path}: expected a private key, got {error.strerror}", hint=_HINT) from error
    try:
        _check_owner(path, os.fstat(descriptor))
        return _parse(os.read(descriptor, _MAX_SIZE + 1), path)
    finally:
        os.close(descriptor)


def load_public(path: Path) -> PublicKey:
    """The public key in a file.

    Raises:
        SignatureError: there is no such file.
        FormatError: the file is malformed, or its key proves nothing.
    """
    if not path.is_file():
        hint = f"--key names the key of a publisher you trust; {_HINT} --ensure makes one of your own"
        raise SignatureError(f"{path}: expected a public key, got no such file", hint=hint)
    with open_regular(path) as file:
        text = file.read(_MAX_SIZE).decode(errors="replace")
    try:
        return PublicKey.from_str(text)
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from error


def public_path(path: Path) -> Path:
    """Where the public half of the private key ``path`` lies.

    Raises:
        SignatureError: it would be the private key's own place.
    """
    public = path.with_suffix(".pub")
    if public == path:
        raise SignatureError(f"{path}: expected another suffix than .pub, which is the public key's")
    return public


def publisher_of(path: Path) -> str | None:
    """The publisher named beside the private key ``path``, if anybody is."""
    public = public_path(path)
    return load_public(public).publisher if public.is_file() else None


def public_key(private: Ed25519PrivateKey, *, publisher: str) -> PublicKey:
    """The public half of a private key."""
    return PublicKey(public_bytes(private.public_key()), publisher)


def _check_owner(path: Path, status: os.stat_result) -> None:
    """The rule ssh has: a regular file of our own, closed to group and others."""
    if not stat.S_ISREG(status.st_mode):
        raise SignatureError(f"{path}: expected a private key, got no regular file")
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o077:
        raise SignatureError(
            f"{path}: expected mode 0600, got {mode:04o}; others may have the key", hint=f"chmod 600 {path}"
        )
    if status.st_uid not in {os.geteuid(), 0}:
        raise SignatureError(f"{path}: expected a file of yours, got one of user {status.st_uid}")


def _parse(pem: bytes, path: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem, password=None) if len(pem) <= _MAX_SIZE else None
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise FormatError(f"{path}: expected an unencrypted PKCS#8 PEM key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise FormatError(f"{path}: expected an Ed25519 key, got another kind")
    return key
