"""A publisher's keys: private ones in files of their owner or in a device, public ones as one line of text.

Whoever signs opens a key by its path or its ``pkcs11:`` URI:

    private = open_key(key_reference(os.environ))
    public = public_key(private, publisher="Ada Example")
"""

from __future__ import annotations

from pathlib import Path

from expertkit.signing.keys.files import create, create_p256, load, load_p256
from expertkit.signing.keys.guarded import check_free
from expertkit.signing.keys.passphrases import Passphrase, find
from expertkit.signing.keys.places import (
    certificates_path,
    is_hardware,
    key_path,
    key_reference,
    public_path,
    signer_home,
)  # fmt: skip
from expertkit.signing.keys.public import load_public, public_key, publisher_of
from expertkit.signing.signer import SigningKey

__all__ = [
    "Passphrase", "certificates_path", "check_free", "create", "create_p256", "is_hardware", "key_path",
    "key_reference", "load", "load_p256", "load_public", "open_key", "public_key", "public_path",
    "publisher_of", "signer_home",
]  # fmt: skip


def open_key(reference: str | Path, *, passphrase: Passphrase | None = find) -> SigningKey:
    """The key that a path or a ``pkcs11:`` URI names.

    Args:
        reference: where it is.
        passphrase: what gives the passphrase of a file that has one.

    Raises:
        SignatureError, FormatError: see ``load`` and ``HardwareKey.open``.
        ProblemsError: the URI is malformed.
        DependencyError: the library that speaks to devices is missing.
    """
    if not is_hardware(reference):
        return load(Path(reference), passphrase=passphrase)
    from expertkit.signing.keys import pkcs11_uri
    from expertkit.signing.keys.hardware import HardwareKey

    return HardwareKey.open(pkcs11_uri.parse(str(reference)))
