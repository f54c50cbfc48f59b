"""What can sign: a private key in memory, or one that never leaves its device."""

from __future__ import annotations

from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class SigningKey(Protocol):
    """An Ed25519 key that signs; ``Ed25519PrivateKey`` is one."""

    def sign(self, data: bytes, /) -> bytes:
        """The signature of ``data``, 64 bytes."""
        ...

    def public_key(self) -> Ed25519PublicKey:
        """The public half."""
        ...
