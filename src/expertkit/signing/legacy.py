"""Signatures of older programs: Ed25519 over the sorted lines ``path:hash``, by a key that the package itself names.

They are verified as far as they go, which is never far enough to be trusted: they do not cover the manifest, name no
version and no time, and anybody can put another key and signature in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from expertkit.errors import FormatError, SignatureError
from expertkit.signing.ed25519 import PublicKey

UNCOVERED = frozenset({"manifest.json", "signature.sig"})
"""Files that such a signature cannot be about as they are: it was put into the one and made into the other."""
_PUBLISHER = "unknown publisher of a legacy package"


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacySignature:
    """What the ``integrity`` block of such a package says."""

    key: PublicKey
    signature: bytes
    files: Mapping[str, str]
    """SHA-256 in hex by path."""

    def check(self, found: Mapping[str, str]) -> int:
        """Return how many files are as they were when the key signed them.

        Args:
            found: SHA-256 in hex of each file that is there, by path.

        Raises:
            SignatureError: the key did not sign this list, or files differ from it.
        """
        self.key.verify(self.signature, message(self.files))
        covered = {name: digest for name, digest in self.files.items() if name not in UNCOVERED}
        wrong = sorted(name for name, digest in covered.items() if found.get(name) != digest)
        if wrong:
            raise SignatureError(f"legacy signature: expected the files that it lists, got others for {wrong}")
        return len(covered)


def message(files: Mapping[str, str]) -> bytes:
    """What was signed: ``path:hash`` by the path's bytes, joined by single line feeds.

    Raises:
        FormatError: a path or hash could be read as the end of one line and the beginning of another.
    """
    odd = sorted(name for name in files if ":" in name or "\n" in name)
    if odd:
        raise FormatError(f"legacy signature: expected paths without colon and line feed, got {odd}")
    unclear = sorted(name for name, digest in files.items() if not re.fullmatch(r"[0-9a-f]{64}", digest))
    if unclear:
        raise FormatError(f"legacy signature: expected hashes of 64 hex digits, got others for {unclear}")
    return "\n".join(f"{name}:{files[name]}" for name in sorted(files, key=str.encode)).encode()


def read(integrity: Mapping[str, Any]) -> LegacySignature:
    """The signature in the ``integrity`` block of an old manifest.

    Raises:
        FormatError: there is none, or it is malformed.
    """
    try:
        key = str(integrity.get("pubkey") or integrity["public_key"]).removeprefix("ed25519:")
        signature = str(integrity["signature"]).removeprefix("hex:")
        files = {str(name): str(digest).removeprefix("sha256:").lower() for name, digest in integrity["files"].items()}
        return LegacySignature(
            key=PublicKey(bytes.fromhex(key), _PUBLISHER), signature=bytes.fromhex(signature), files=files
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise FormatError("legacy signature: expected pubkey, signature and files, got none or not all") from error
