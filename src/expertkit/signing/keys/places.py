"""Where a signer's keys lie."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from expertkit.errors import SignatureError


def signer_home(environment: Mapping[str, str]) -> Path:
    """The folder of a signer's key and ledger: ``$EXPERTKIT_HOME`` or ``~/.expertkit``."""
    home = environment.get("EXPERTKIT_HOME")
    return Path(home) if home else Path.home() / ".expertkit"


def key_path(environment: Mapping[str, str]) -> Path:
    """The signer's private key: ``$EXPERTKIT_KEY`` or ``publisher.key`` in the signer's home."""
    key = environment.get("EXPERTKIT_KEY")
    return Path(key) if key else signer_home(environment) / "publisher.key"


def public_path(path: Path) -> Path:
    """Where the public half of the private key ``path`` lies.

    Raises:
        SignatureError: it would be the private key's own place.
    """
    public = path.with_suffix(".pub")
    if public == path:
        raise SignatureError(f"{path}: expected another suffix than .pub, which is the public key's")
    return public


def certificates_path(path: Path) -> Path:
    """Where the certificates of the private key ``path`` lie, from its own towards a root.

    Raises:
        SignatureError: it would be the private key's own place.
    """
    certificates = path.with_suffix(".crt")
    if certificates == path:
        raise SignatureError(f"{path}: expected another suffix than .crt, which is the certificates'")
    return certificates
