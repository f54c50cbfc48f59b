"""Public keys: one line of text with the publisher's name."""

from __future__ import annotations

import re
from pathlib import Path

from expertkit.errors import FormatError, SignatureError
from expertkit.files import open_regular
from expertkit.signing.ed25519 import PublicKey, public_bytes
from expertkit.signing.keys.guarded import HINT, MAX_SIZE
from expertkit.signing.keys.places import public_path
from expertkit.signing.signer import SigningKey

_NAMELESS = re.compile(r"ed25519:[0-9a-f]{64}\s*")


def load_public(path: Path) -> PublicKey:
    """The public key in a file.

    Raises:
        SignatureError: there is no such file.
        FormatError: the file is malformed, or its key proves nothing.
    """
    if not path.is_file():
        hint = f"--key names the key of a publisher you trust; {HINT} --ensure makes one of your own"
        raise SignatureError(f"{path}: expected a public key, got no such file", hint=hint)
    with open_regular(path) as file:
        text = file.read(MAX_SIZE).decode(errors="replace")
    try:
        return PublicKey.from_str(text)
    except FormatError as error:
        older = "it is an older program's, without a name; ask the publisher for his new one"
        raise FormatError(f"{path}: {error}", hint=older if _NAMELESS.fullmatch(text) else None) from error


def publisher_of(path: Path) -> str | None:
    """The publisher named beside the private key ``path``, if anybody is."""
    public = public_path(path)
    return load_public(public).publisher if public.is_file() else None


def public_key(private: SigningKey, *, publisher: str) -> PublicKey:
    """The public half of a private key."""
    return PublicKey(public_bytes(private.public_key()), publisher)
