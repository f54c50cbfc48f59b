"""What the log holds about one signature: which package it is of, by which key, and the digest of its envelope."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from expertkit.fields import read_sound
from expertkit.files import canonical_json, sha256_bytes
from expertkit.signing import canonical
from expertkit.signing.envelope import read_unverified
from expertkit.signing.statement import Digest, Name

MAX_SIZE = 16 << 10
"""Longest entry that is read, in bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One signature of one package."""

    log: Literal[1]
    """Version of this layout."""
    name: Name
    version: Name
    base: Name
    """Name of the base model."""
    form: Literal["archive", "container"]
    content_digest: Digest
    key: Digest
    """Id of the key that signed."""
    envelope: Digest
    """SHA-256 of the envelope's bytes."""

    def encode(self) -> bytes:
        """The leaf of the tree: one line, without its line feed."""
        return canonical_json(asdict(self))

    def describe(self) -> str:
        """The signature, on one line for a person."""
        return f"{self.name} {self.version} for {self.base}, {self.form}, signed by key {self.key[:12]}"


def of_envelope(envelope: bytes) -> Entry:
    """The entry of a signature, as its statement says, whoever made it.

    Raises:
        FormatError: the envelope or its statement is malformed.
    """
    said = read_unverified(envelope)
    return Entry(
        log=1,
        name=said.name,
        version=said.version,
        base=said.base.name,
        form="archive" if said.members else "container",
        content_digest=said.content_digest,
        key=said.key,
        envelope=sha256_bytes(envelope),
    )


def decode(leaf: bytes) -> Entry:
    """The entry that ``encode`` gave these bytes.

    Raises:
        FormatError: there is none.
    """
    value = canonical.loads(leaf, what="entry", max_bytes=MAX_SIZE)
    return read_sound(Entry, value, "entry", is_json=False)
