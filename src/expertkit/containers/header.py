"""The first 128 bytes: where everything lies, and the root digest (docs/format.md, section 2)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from expertkit.containers import limits
from expertkit.errors import FormatError, UnsupportedError

MAGIC = b"HLLMEXP\0"
SIZE = 128
MAJOR, MINOR = 1, 0
_GZIP = b"\x1f\x8b"

_FIELDS = struct.Struct("<8sHHIIIQQQQQ32sQQ16s")
_VERSION = struct.Struct("<HH")
_DIGEST_AT, _DIGEST_END = 64, 112
_CRITICAL = range(16)
"""Bits of the flags that a reader has to know, of which none is defined."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The header's fields; sizes and places are bytes."""

    minor: int = MINOR
    flags: int = 0
    sections: int
    metadata_at: int
    metadata_size: int
    toc_at: int
    toc_size: int
    content_end: int
    root: bytes
    """32 bytes."""
    signatures_at: int = 0
    """0 when unsigned."""
    signatures_size: int = 0

    def encode(self) -> bytes:
        """The 128 bytes."""
        return _FIELDS.pack(
            MAGIC, MAJOR, self.minor, SIZE, self.flags, self.sections, self.metadata_at, self.metadata_size,
            self.toc_at, self.toc_size, self.content_end, self.root, self.signatures_at, self.signatures_size,
            bytes(16),
        )  # fmt: skip


def decode(data: bytes) -> Header:
    """The header in the first bytes of a file; where it leads to is not looked at.

    Raises:
        FormatError: it is none of a version that is known here, or a field is not what it has to be.
    """
    if data[: len(MAGIC)] != MAGIC:
        message = f"header: expected a container, which begins {MAGIC!r}, got {data[: len(MAGIC)]!r}"
        hint = "expert-cli convert makes a container of an archive" if data.startswith(_GZIP) else None
        raise UnsupportedError(message, offset=0, hint=hint)
    if len(data) < SIZE:
        raise FormatError(f"header: expected {SIZE} bytes, got {len(data)}", offset=len(data))
    (_magic, major, minor, size, flags, sections, metadata_at, metadata_size, toc_at, toc_size, content_end, root,
     signatures_at, signatures_size, reserved) = _FIELDS.unpack(data[:SIZE])  # fmt: skip
    if major != MAJOR:
        raise UnsupportedError(
            f"header: expected format version {MAJOR}, got {major}.{minor}", offset=8,
            hint="a newer version of this program may read it",
        )  # fmt: skip
    if size != SIZE:
        raise FormatError(f"header: expected a header size of {SIZE}, got {size}", offset=12)
    unknown = [bit for bit in _CRITICAL if flags >> bit & 1]
    if unknown:
        raise FormatError(f"header: expected no critical flag, got bit {', '.join(map(str, unknown))}", offset=16)
    if not 1 <= sections <= limits.SECTIONS:
        raise FormatError(f"header: expected 1 to {limits.SECTIONS} sections, got {sections}", offset=20)
    if reserved != bytes(16):
        raise FormatError("header: expected zeros in reserved bytes, got others", offset=_DIGEST_END)
    return Header(
        minor=minor, flags=flags, sections=sections, metadata_at=metadata_at, metadata_size=metadata_size,
        toc_at=toc_at, toc_size=toc_size, content_end=content_end, root=root, signatures_at=signatures_at,
        signatures_size=signatures_size,
    )  # fmt: skip


def version(data: bytes) -> tuple[int, int]:
    """Major and minor version that a header names, whether it is read here or not.

    Raises:
        FormatError: it ends before that.
    """
    if len(data) < _VERSION.size + len(MAGIC):
        raise FormatError(f"header: expected {SIZE} bytes, got {len(data)}", offset=len(data))
    major, minor = _VERSION.unpack_from(data, len(MAGIC))
    return major, minor


def without_digest(data: bytes) -> bytes:
    """The header as the root digest has it: without the digest itself and the place of the signatures."""
    return data[:_DIGEST_AT] + bytes(_DIGEST_END - _DIGEST_AT) + data[_DIGEST_END:SIZE]
