"""How the bytes of a section are stored: as they are, in one zstd frame, or in planes (docs/format.md, section 5).

``encode`` takes and gives pieces, so that neither side is ever in memory whole; ``decode`` gives exactly the bytes
that were announced, or raises.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from expertkit.containers.codecs import frames, planes

RAW, ZSTD, PLANES = 0, 1, 2
WORDS = {RAW: "raw", ZSTD: "zstd", PLANES: "planes"}
"""What codecs are called, by their numbers."""


def encode(chunks: Iterable[bytes | memoryview], *, codec: int, size: int, level: int) -> Iterator[bytes | memoryview]:
    """The stored bytes of ``size`` raw ones, in pieces.

    Args:
        chunks: the raw bytes, of ``size`` in all.
        codec: a number of ``WORDS``.
        size: bytes.
        level: of compression, one of ``settings.LEVELS``.
    """
    match codec:
        case 0:
            return iter(chunks)
        case 1:
            return frames.compress(chunks, size=size, level=level)
        case 2:
            return frames.compress(planes.split(chunks), size=size, level=None)
        case _:
            raise ValueError(f"codec: expected one of {', '.join(map(str, WORDS))}, got {codec}")


def decode(
    stored: memoryview, *, codec: int, size: int, into: memoryview | None = None
) -> Iterator[memoryview]:  # fmt: skip
    """The ``size`` raw bytes of a section, in pieces of at most 1 MiB, each valid until the next is asked for.

    Args:
        stored: the stored bytes.
        codec: a number of ``WORDS``.
        size: bytes.
        into: ``size`` bytes in which each piece gets its place, if it is to be valid longer.

    Raises:
        FormatError: the stored bytes are not what the codec gives for so many.
    """
    match codec:
        case 0:
            return frames.copied(stored, into=into)
        case 1:
            return frames.decompress(stored, size=size, into=into)
        case 2:
            return planes.join(frames.decompress(stored, size=size), into=into)
        case _:
            raise ValueError(f"codec: expected one of {', '.join(map(str, WORDS))}, got {codec}")
