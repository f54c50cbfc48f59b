"""The signature block, which is no section: envelopes with their certificates (docs/format.md, section 8)."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator, Sequence

from expertkit.containers import limits
from expertkit.errors import FormatError
from expertkit.members.signatures import Signature

_HEAD = struct.Struct("<I4s")
_LENGTHS = struct.Struct("<II")
_LENGTH = struct.Struct("<I")


def largest() -> int:
    """Bytes of the largest block."""
    return _HEAD.size + limits.SIGNATURES * (_LENGTHS.size + 2 * limits.ENVELOPE)


def encode(signatures: Sequence[Signature]) -> bytes:
    """The block, whatever order they come in.

    Raises:
        ValueError: they are none, too many, too large or twice the same.
    """
    listed = sorted(signatures, key=lambda each: each.envelope)
    rows = [(each.envelope, b"".join(_LENGTH.pack(len(each)) + each for each in each.chain)) for each in listed]
    parts = [part for envelope, chain in rows for part in (_LENGTHS.pack(len(envelope), len(chain)), envelope, chain)]
    block = b"".join([_HEAD.pack(len(listed), bytes(4)), *parts])
    try:
        decode(block, at=0)
    except FormatError as error:
        raise ValueError(str(error)) from error
    return block


def decode(data: bytes, *, at: int) -> tuple[Signature, ...]:
    """The signatures in a block that lies at ``at``.

    Raises:
        FormatError: it has another form than ``encode`` gives.
    """
    if len(data) < _HEAD.size:
        raise FormatError(f"signatures: expected at least {_HEAD.size} bytes, got {len(data)}", offset=at)
    count, reserved = _HEAD.unpack_from(data)
    if not 1 <= count <= limits.SIGNATURES:
        raise FormatError(f"signatures: expected 1 to {limits.SIGNATURES}, got {count}", offset=at)
    if any(reserved):
        raise FormatError("signatures: expected zeros in reserved bytes, got others", offset=at + 4)
    found = []
    place = _HEAD.size
    for _ in range(count):
        signature, place = _take(data, place, at=at)
        found.append(signature)
    if place != len(data):
        raise FormatError(f"signatures: expected {place} bytes, got {len(data)}", offset=at + place)
    if any(a.envelope >= b.envelope for a, b in itertools.pairwise(found)):
        raise FormatError("signatures: expected envelopes once and in order, got one too late or twice", offset=at)
    return tuple(found)


def _take(data: bytes, place: int, *, at: int) -> tuple[Signature, int]:
    """The signature that begins at ``place``, and where it ends."""
    begin = place + _LENGTHS.size
    if begin > len(data):
        raise FormatError("signatures: expected another signature, got the end of the file", offset=at + place)
    envelope, chain = _LENGTHS.unpack_from(data, place)
    if not 1 <= envelope <= limits.ENVELOPE or chain > limits.ENVELOPE or begin + envelope + chain > len(data):
        got = f"{envelope} and {chain} where {len(data) - begin} are left"
        message = f"signatures: expected an envelope and a chain of at most {limits.ENVELOPE} bytes, got {got}"
        raise FormatError(message, offset=at + place)
    end = begin + envelope
    certificates = tuple(_certificates(data[end : end + chain], at=at + end))
    return Signature(envelope=data[begin:end], chain=certificates), end + chain


def _certificates(chain: bytes, *, at: int) -> Iterator[bytes]:
    place = 0
    while place < len(chain):
        size = int.from_bytes(chain[place : place + _LENGTH.size], "little")
        begin = place + _LENGTH.size
        if not 1 <= size <= len(chain) - begin:
            raise FormatError(f"signatures: expected a certificate, got a length of {size}", offset=at + place)
        yield chain[begin : begin + size]
        place = begin + size
