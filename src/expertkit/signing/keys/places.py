"""Where a signer's keys lie."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from expertkit.errors import SignatureError

_SCHEME = "pkcs11:"


def signer_home(environment: Mapping[str, str]) -> Path:
    """The folder of a signer's key and ledger: ``$EXPERTKIT_HOME`` or ``~/.expertkit``."""
    home = environment.get("EXPERTKIT_HOME")
    return Path(home) if home else Path.home() / ".expertkit"


def is_hardware(key: str | Path) -> bool:
    """Whether a key is named by a PKCS#11 URI."""
    return str(key)[: len(_SCHEME)].lower() == _SCHEME


def key_reference(environment: Mapping[str, str]) -> str | Path:
    """The signer's private key: ``$EXPERTKIT_KEY``, a file or a PKCS#11 URI, or ``publisher.key`` in the home."""
    key = environment.get("EXPERTKIT_KEY")
    return key if key and is_hardware(key) else key_path(environment)


def key_path(environment: Mapping[str, str]) -> Path:
    """The file of the signer's private key, or where a device has it: its certificates lie beside."""
    key = environment.get("EXPERTKIT_KEY")
    return Path(key) if key and not is_hardware(key) else signer_home(environment) / "publisher.key"


def public_path(path: Path) -> Path:
    """Where the public half of the private key ``path`` lies.

    Raises:
        SignatureError: it would be the private key's own place.
    """
    return _beside(path, ".pub", whose="the public key's")


def certificates_path(path: Path) -> Path:
    """Where the certificates of the private key ``path`` lie, from its own towards a root.

    Raises:
        SignatureError: it would be the private key's own place.
    """
    return _beside(path, ".crt", whose="the certificates'")


def _beside(path: Path, suffix: str, *, whose: str) -> Path:
    """The file that is called like a private key but for its suffix."""
    found = path.with_suffix(suffix)
    if found == path:
        raise SignatureError(f"{path}: expected another suffix than {suffix}, which is {whose}")
    return found
