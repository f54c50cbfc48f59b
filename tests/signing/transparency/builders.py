"""Entries, keys and whole logs made in code."""

from __future__ import annotations

from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from expertkit.signing import PublicKey
from expertkit.signing.ed25519 import public_bytes
from expertkit.signing.transparency import Checkpoint, Entry, checkpoint, tree

NOW = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)


def make_key(seed: int = 1) -> Ed25519PrivateKey:
    """A key that follows from ``seed``."""
    return Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)


def public(seed: int = 1) -> PublicKey:
    """Its public half."""
    return PublicKey(public_bytes(make_key(seed).public_key()), "mini publisher")


def make_entry(number: int) -> Entry:
    """The entry of the package ``expert-mini 1.0.<number>``."""
    return Entry(
        log=1,
        name="expert-mini",
        version=f"1.0.{number}",
        base="nano",
        form="container",
        content_digest=f"{number:064x}",
        key=public().id,
        envelope=f"{number + 1:064x}",
    )


def make_leaves(size: int) -> list[bytes]:
    """The first entries of a log, as they are hashed."""
    return [make_entry(number).encode() for number in range(size)]


def make_checkpoint(leaves: list[bytes], *, seed: int = 1, at: datetime = NOW) -> bytes:
    """The state of the log that the key of ``seed`` keeps, signed and cosigned."""
    origin = checkpoint.origin_of(public(seed))
    state = Checkpoint(origin=origin, size=len(leaves), root=tree.root([tree.leaf_hash(leaf) for leaf in leaves]))
    return checkpoint.cosign(checkpoint.sign(state, make_key(seed)), name=origin, key=make_key(seed), at=at)
