"""Serial numbers that are revoked, as a file in which one is found without reading the others.

The file has a head and 256 buckets; the bucket of a serial number is the first byte of the SHA-256 of its 20 bytes.
Integers are big-endian, offsets are from the start of the file.

    offset  size  what
    0       8     magic, "EXPRVK01"
    8       8     number of rows in the file
    16      44    bucket 0: offset (8), number of rows (4), SHA-256 of its rows (32)
    60      44    bucket 1, and so on until bucket 255
    11280   28    a row: serial number (20), seconds since 1970 in two's complement (8)

Rows stand bucket after bucket, within one by serial number. The head names the SHA-256 of every bucket; whoever
keeps the SHA-256 of the head has all of the file pinned, and a search checks the head and one bucket.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from mmap import mmap

from expertkit.errors import IntegrityError
from expertkit.files import sha256_bytes

_MAGIC = b"EXPRVK01"
_START = struct.Struct(">8sQ")
_BUCKET = struct.Struct(">QI32s")
_ROW = struct.Struct(">20sq")
_BUCKETS = 256
_SERIAL_SIZE = 20
_HEAD_SIZE = _START.size + _BUCKETS * _BUCKET.size
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HINT = "update the revocation list again"


class Index:
    """An index in memory or mapped, whose head is checked once and whose buckets are at each search."""

    def __init__(self, data: bytes | mmap, *, digest: str) -> None:
        """Take the index in ``data``.

        Raises:
            IntegrityError: its head is not the one with that hex SHA-256.
        """
        self._head = bytes(data[:_HEAD_SIZE])
        self._data = data
        found = sha256_bytes(self._head)
        if found != digest or len(self._head) != _HEAD_SIZE or not self._head.startswith(_MAGIC):
            raise IntegrityError(f"revocation index: expected a head of SHA-256 {digest}, got {found}", hint=_HINT)

    def __len__(self) -> int:
        count: int = _START.unpack_from(self._head)[1]
        return count

    def find(self, serial: int) -> datetime | None:
        """When a serial number was revoked; None if it was not.

        Raises:
            IntegrityError: the part of the file that would say so has changed.
        """
        key = _key(serial)
        number = _bucket(key)
        offset, count, digest = _BUCKET.unpack_from(self._head, _START.size + number * _BUCKET.size)
        rows = bytes(self._data[offset : offset + count * _ROW.size])
        if sha256(rows).digest() != digest:
            raise IntegrityError(
                f"revocation index: expected bucket {number} as it was built, got another", hint=_HINT, offset=offset
            )
        place = bisect_left(range(count), key, key=lambda row: rows[row * _ROW.size :][:_SERIAL_SIZE])
        if place == count:
            return None
        found, seconds = _ROW.unpack_from(rows, place * _ROW.size)
        return _EPOCH + timedelta(seconds=seconds) if found == key else None


def build(entries: Mapping[int, datetime]) -> bytes:
    """The index of these serial numbers, each with the time of its revocation; the same entries give the same bytes."""
    buckets: list[list[bytes]] = [[] for _ in range(_BUCKETS)]
    for serial, moment in entries.items():
        key = _key(serial)
        buckets[_bucket(key)].append(_ROW.pack(key, (moment - _EPOCH) // timedelta(seconds=1)))
    bodies = [b"".join(sorted(rows)) for rows in buckets]
    head, offset = [_START.pack(_MAGIC, len(entries))], _HEAD_SIZE
    for body in bodies:
        head.append(_BUCKET.pack(offset, len(body) // _ROW.size, sha256(body).digest()))
        offset += len(body)
    return b"".join([*head, *bodies])


def head_digest(data: bytes | mmap) -> str:
    """Hex SHA-256 of an index's head: what to keep in order to trust the file later."""
    return sha256_bytes(bytes(data[:_HEAD_SIZE]))


def _key(serial: int) -> bytes:
    return serial.to_bytes(_SERIAL_SIZE, "big")


def _bucket(key: bytes) -> int:
    return sha256(key).digest()[0]
