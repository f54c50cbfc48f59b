"""A proof (C2SP tlog-proof) that an entry was in a log at a time: one file, which needs the log's key and no log.

c2sp.org/tlog-proof@v1
index 1
<base64 of a hash>

<the checkpoint with its signatures>
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from expertkit.errors import FormatError
from expertkit.signing.ed25519 import PublicKey
from expertkit.signing.transparency import checkpoint as checkpoints
from expertkit.signing.transparency import note, tree

HEADER = "c2sp.org/tlog-proof@v1"
MAX_SIZE = 2 << 20
"""Largest proof that is read, in bytes."""
MAX_HASHES = 64

_INDEX = re.compile(r"index (?P<index>0|[1-9][0-9]{0,15})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Where an entry is in a log, and how its hash leads to the root of a checkpoint; nothing of it was verified."""

    index: int
    """Place of the entry, from 0."""
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    """With its signatures."""

    def encode(self) -> bytes:
        """The one byte form."""
        lines = [HEADER, f"index {self.index}", *map(note.to_base64, self.hashes), "", ""]
        return "\n".join(lines).encode() + self.checkpoint


def make(leaf_hashes: Sequence[bytes], index: int, *, checkpoint: bytes) -> Proof:
    """The proof for one leaf of the log that has this signed checkpoint."""
    return Proof(index=index, hashes=tree.inclusion_proof(leaf_hashes, index), checkpoint=checkpoint)


def decode(data: bytes) -> Proof:
    """The proof in ``data``.

    Raises:
        FormatError: it is none, or has another byte form.
    """
    if len(data) > MAX_SIZE:
        raise FormatError(f"proof: expected at most {MAX_SIZE} bytes, got {len(data)}")
    head, _, checkpoint = data.partition(b"\n\n")
    header, *lines = head.decode(errors="replace").split("\n")
    index = _INDEX.fullmatch(lines[0]) if lines else None
    if header != HEADER or index is None or len(lines) > 1 + MAX_HASHES:
        raise FormatError(f"proof: expected {HEADER!r}, an index and at most {MAX_HASHES} hashes, got something else")
    hashes = tuple(note.from_base64(line, what="proof") for line in lines[1:])
    odd = [len(each) for each in hashes if len(each) != tree.HASH_SIZE]
    if odd:
        raise FormatError(f"proof: expected hashes of {tree.HASH_SIZE} bytes, got {odd[0]}")
    checkpoints.read_unverified(checkpoint)
    return Proof(index=int(index["index"]), hashes=hashes, checkpoint=checkpoint)


def check(
    proof: Proof, *, leaf: bytes, log: PublicKey, origin: str | None = None,
    cosigners: Mapping[str, PublicKey] | None = None,
) -> datetime:  # fmt: skip
    """The time at which an entry is proven to have been in a log.

    Args:
        proof: that it was.
        leaf: the bytes of the entry.
        log: the log's key.
        origin: the log's name; by default the one that follows from its key.
        cosigners: who is trusted to tell the time, by name; by default the log itself.

    Raises:
        FormatError: the proof's checkpoint is malformed.
        SignatureError: the log did not sign it, the entry is not in it, or nobody trusted tells a time.
    """
    name = checkpoints.origin_of(log) if origin is None else origin
    state = checkpoints.check(proof.checkpoint, origin=name, log=log)
    tree.check_inclusion(tree.leaf_hash(leaf), proof.index, state.size, proof.hashes, state.root)
    return checkpoints.check_time(proof.checkpoint, cosigners={name: log} if cosigners is None else cosigners)
