"""A checkpoint (C2SP tlog-checkpoint): how long a log is and which root it has, signed by the log.

A cosignature (C2SP tlog-cosignature, ``cosignature/v1``) adds a time: its key says that it saw this state of the log
at that second. A log cosigns its own checkpoints; a key of somebody else proves a time against the log as well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from expertkit.errors import FormatError, SignatureError
from expertkit.signing.ed25519 import SIGNATURE_SIZE, PublicKey, public_bytes
from expertkit.signing.signer import SigningKey
from expertkit.signing.transparency import note
from expertkit.signing.transparency.note import PLAIN, TIMED, Note, NoteKey, Signature
from expertkit.signing.transparency.tree import EMPTY, HASH_SIZE

LAST_TIME = 253402300799
"""Seconds since 1970 of the last second of the year 9999."""
MAX_LEAVES = 2**53 - 1
"""Most leaves of a log: programs agree on numbers up to here."""

_TIME_SIZE = 8
_TEXT = re.compile(r"(?P<origin>[^\n]+)\n(?P<size>0|[1-9][0-9]{0,15})\n(?P<root>[A-Za-z0-9+/]+=)\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The state of a log."""

    origin: str
    """Which log, and the name that it signs with."""
    size: int
    """Its leaves."""
    root: bytes
    """Of the tree over them."""

    def __post_init__(self) -> None:
        note.check_name(self.origin)
        if not 0 <= self.size <= MAX_LEAVES:
            raise FormatError(f"checkpoint: expected a size of at most {MAX_LEAVES}, got {self.size}")
        if len(self.root) != HASH_SIZE or (self.size == 0 and self.root != EMPTY):
            raise FormatError(f"checkpoint: expected the root of {self.size} leaves, got {self.root.hex()}")

    def __str__(self) -> str:
        return f"{self.origin}\n{self.size}\n{note.to_base64(self.root)}\n"


def origin_of(key: PublicKey) -> str:
    """The name of the log that a publisher keeps with this key."""
    return f"expertkit.log/{key.id[:16]}"


def witness_of(key: PublicKey) -> str:
    """What a key goes by that saw somebody else's log, such as ``expertkit.witness/0123456789abcdef``."""
    return f"expertkit.witness/{key.id[:16]}"


def sign(checkpoint: Checkpoint, key: SigningKey) -> bytes:
    """The checkpoint signed by its log."""
    text = str(checkpoint)
    log = NoteKey(name=checkpoint.origin, key=_public(key, checkpoint.origin))
    line = Signature(name=log.name, id=log.id, signature=key.sign(text.encode()))
    return Note(text=text, signatures=(line,)).encode()


def cosign(data: bytes, *, name: str, key: SigningKey, at: datetime) -> bytes:
    """A signed checkpoint with one more line: that ``key`` saw it at this second.

    Whoever cosigns has checked before that the log only grew since the last checkpoint he saw.

    Args:
        data: the checkpoint.
        name: what the key goes by.
        key: the cosigner's.
        at: the time, whose fraction of a second is dropped.

    Raises:
        FormatError: the checkpoint is malformed, or has a cosignature of this key already.
    """
    found = _decode(data)
    cosigner, seconds = NoteKey(name=name, key=_public(key, name), algorithm=TIMED), int(at.timestamp())
    if not 0 < seconds <= LAST_TIME:
        raise ValueError(f"expected a time after 1970 and before 10000, got {at}")
    made = seconds.to_bytes(_TIME_SIZE, "big") + key.sign(_timed(found.text, seconds))
    line = Signature(name=name, id=cosigner.id, signature=made)
    both = replace(found, signatures=(*found.signatures, line)).encode()
    note.decode(both)
    return both


def read_unverified(data: bytes) -> Checkpoint:
    """What a checkpoint says, whoever made it: for what one made oneself, never for trust.

    Raises:
        FormatError: it is malformed.
    """
    return _parse(note.decode(data).text)


def read_time_unverified(data: bytes) -> datetime | None:
    """When the log itself claims to have been in this state, None where it claims nothing: never for trust.

    Raises:
        FormatError: the checkpoint is malformed.
    """
    found, size = note.decode(data), _TIME_SIZE + SIGNATURE_SIZE
    own = [each.signature for each in found.signatures if each.name == _parse(found.text).origin]
    times = [int.from_bytes(each[:_TIME_SIZE], "big") for each in own if len(each) == size]
    return datetime.fromtimestamp(min(times), UTC) if times and min(times) <= LAST_TIME else None


def check(data: bytes, *, origin: str, log: PublicKey) -> Checkpoint:
    """The checkpoint that the log ``origin`` signed with this key.

    Raises:
        FormatError: it is malformed.
        SignatureError: another log or key made it.
    """
    found = note.decode(data)
    checkpoint = _parse(found.text)
    if checkpoint.origin != origin:
        raise SignatureError(f"checkpoint: expected log {origin}, got {checkpoint.origin}")
    found.verify(NoteKey(name=origin, key=log, algorithm=PLAIN))
    return checkpoint


def check_time(data: bytes, *, cosigners: Mapping[str, PublicKey]) -> datetime:
    """The earliest time at which one of the trusted cosigners saw a checkpoint.

    Args:
        data: the checkpoint.
        cosigners: the trusted keys by their names.

    Raises:
        FormatError: the checkpoint is malformed.
        SignatureError: none of them cosigned it, or a line in the name of one is not by him.
    """
    found = _decode(data)
    verifiers = [NoteKey(name=name, key=key, algorithm=TIMED) for name, key in cosigners.items()]
    times = [_time(found.text, line, by) for by in verifiers if (line := found.find(by)) is not None]
    if not times:
        raise SignatureError(f"checkpoint: expected a time from {' or '.join(cosigners) or 'nobody'}, got none")
    return datetime.fromtimestamp(min(times), UTC)


def _time(text: str, line: bytes, cosigner: NoteKey) -> int:
    seconds, signature = int.from_bytes(line[:_TIME_SIZE], "big"), line[_TIME_SIZE:]
    if len(signature) != SIGNATURE_SIZE or not 0 < seconds <= LAST_TIME:
        raise SignatureError(f"checkpoint: expected a time and a signature of {cosigner.name}, got {line.hex()[:80]}")
    cosigner.key.verify(signature, _timed(text, seconds))
    return seconds


def _timed(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def _public(key: SigningKey, name: str) -> PublicKey:
    return PublicKey(public_bytes(key.public_key()), name[:100])


def _decode(data: bytes) -> Note:
    """The note of a checkpoint."""
    found = note.decode(data)
    _parse(found.text)
    return found


def _parse(text: str) -> Checkpoint:
    found = _TEXT.fullmatch(text)
    if not found:
        raise FormatError("checkpoint: expected three lines, the log, its size and its root, got others")
    root = note.from_base64(found["root"], what="checkpoint")
    return Checkpoint(origin=found["origin"], size=int(found["size"]), root=root)
