"""Archives made by hand, right and wrong."""

from __future__ import annotations

import io
import zlib
from collections.abc import Mapping

from expertkit.archives import archive, tar
from expertkit.archives.archive import LIMITS
from expertkit.archives.gzip import HEADER, Limits
from expertkit.members.contents import Part, whole


def gzipped(data: bytes, *, level: int = 0) -> bytes:
    """One gzip member with the fixed header; what is compressed may be anything."""
    deflate = zlib.compressobj(level, zlib.DEFLATED, -15)
    body = deflate.compress(data) + deflate.flush()
    return HEADER + body + zlib.crc32(data).to_bytes(4, "little") + (len(data) % 2**32).to_bytes(4, "little")


def gunzipped(data: bytes) -> bytes:
    """The tar layer of an archive."""
    return zlib.decompress(data, 31)


def member(name: str, data: bytes = b"") -> bytes:
    """Header, data and padding of a member; the name is not checked."""
    return tar.header(name, len(data)) + data + bytes(tar.padding(len(data)))


def tarred(*members: bytes) -> bytes:
    """The tar layer of ready-made members."""
    joined = b"".join(members)
    return joined + bytes(tar.ending(len(joined)))


def encode(members: Mapping[str, bytes]) -> bytes:
    """The archive of ``members``, in order."""
    file = io.BytesIO()
    archive.write(file, whole(members))
    return file.getvalue()


def decode(data: bytes, *, limits: Limits = LIMITS) -> dict[str, bytes]:
    """Every member of an archive."""
    return {part.name: _join(part) for part in archive.read(io.BytesIO(data), limits=limits)}


def _join(part: Part) -> bytes:
    return b"".join(part.chunks)
