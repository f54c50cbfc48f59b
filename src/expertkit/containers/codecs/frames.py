"""One zstd frame (RFC 8878): written in pieces, and read only where it is exactly what was announced.

The library believes a content size that a frame names, and passes over what follows a frame; so the frame's headers are
looked at here first, and what it gives is taken in pieces.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from expertkit.containers import limits
from expertkit.containers.codecs import rooms
from expertkit.errors import FormatError

if TYPE_CHECKING:
    from zstandard import ZstdCompressor

PIECE = rooms.SIZE
"""Bytes."""

_MAGIC = b"\x28\xb5\x2f\xfd"
_FORBIDDEN = 0b0001_1111  # unused, reserved, checksum, and two of a dictionary
_SINGLE_SEGMENT = 0b0010_0000
_SIZES = (1, 2, 4, 8)  # bytes of the content size, by the two highest bits; one byte only where it is one segment
_RLE, _RESERVED = 1, 3
_LARGEST_BLOCK = 128 << 10
_WORTH_A_BLOCK = 1024
"""Bytes for which a table of their own is worth its room."""


def compress(
    chunks: Iterable[bytes | memoryview], *, size: int, level: int | None, apart: bool = False
) -> Iterator[bytes]:
    """The frame of ``size`` bytes, in pieces.

    Args:
        chunks: the bytes.
        size: of all of them.
        level: how hard zstd tries; without one, as planes are best compressed.
        apart: whether chunks have statistics of their own, so that after one of some size a new block begins.
    """
    import zstandard

    frame = _compressor(level).compressobj(size=size)
    for chunk in chunks:
        yield frame.compress(chunk)
        if apart and len(chunk) >= _WORTH_A_BLOCK:
            yield frame.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    yield frame.flush()


def copied(stored: memoryview, *, into: memoryview | None = None) -> Iterator[memoryview]:
    """Bytes that are stored as they are, in pieces of ``PIECE`` but for the last, copied to ``into`` if it is given."""
    for at in range(0, len(stored), PIECE):
        piece = stored[at : at + PIECE]
        if into is not None:
            into[at : at + len(piece)] = piece
        yield piece


def decompress(stored: memoryview, *, size: int, into: memoryview | None = None) -> Iterator[memoryview]:
    """The ``size`` bytes of a frame, in pieces of ``PIECE`` but for the last, each valid until the next is asked for.

    With ``into``, ``size`` bytes, each gets its place there.

    Raises:
        FormatError: it is no frame of so many bytes, or more than one.
    """
    import zstandard

    _check(stored, size=size)
    decompressor = zstandard.ZstdDecompressor(max_window_size=limits.WINDOW)
    try:
        with rooms.taken() as room, decompressor.stream_reader(stored) as reader:
            filled = 1  # where there is room for a whole frame the library decodes it at once, whatever its window is
            _fill(reader.readinto, room[:filled])
            for at in range(0, size, PIECE):
                count = min(size - at, PIECE)
                piece = room[:count] if into is None else into[at : at + count]
                piece[:filled] = room[:filled]
                _fill(reader.readinto, piece[filled:])
                filled = 0
                yield piece
            if reader.read(1):
                raise FormatError(f"zstd frame: expected {size} bytes once decoded, got more")
    except zstandard.ZstdError as error:
        raise FormatError(f"zstd frame: expected {size} bytes once decoded, got: {error}") from error


def _fill(readinto: object, piece: memoryview) -> None:
    filled = 0
    while filled < len(piece):
        count: int = readinto(piece[filled:])  # type: ignore[operator]
        if not count:
            raise FormatError(f"zstd frame: expected {len(piece) - filled} bytes more once decoded, got none")
        filled += count


def _compressor(level: int | None) -> ZstdCompressor:
    """A new one, as none may be used by two threads; it gives the same bytes for the same input and library."""
    import zstandard

    if level is not None:
        return zstandard.ZstdCompressor(level=level, write_checksum=False)
    # Exponents have a skewed distribution and hardly any repeats: what pays is the entropy coder, not the search.
    settings = zstandard.ZstdCompressionParameters(
        strategy=zstandard.STRATEGY_FAST, min_match=7, hash_log=6, chain_log=6, window_log=17, target_length=0,
    )  # fmt: skip
    return zstandard.ZstdCompressor(compression_params=settings)


def _check(stored: memoryview, *, size: int) -> None:
    """Return if the headers are those of one frame of ``size`` bytes that ends where the stored bytes end."""
    header = bytes(stored[:18])
    if header[:4] != _MAGIC or len(header) < 6:
        raise FormatError("zstd frame: expected its magic number, got other bytes", offset=0)
    descriptor = header[4]
    if descriptor & _FORBIDDEN:
        raise FormatError("zstd frame: expected no checksum, dictionary, unused or reserved bit, got one", offset=4)
    at = 5 if descriptor & _SINGLE_SEGMENT else 6
    width = _SIZES[descriptor >> 6]
    if width == 1 and not descriptor & _SINGLE_SEGMENT:
        raise FormatError("zstd frame: expected its content size in its header, got none", offset=4)
    content = int.from_bytes(header[at : at + width], "little") + (256 if width == 2 else 0)
    window = content if descriptor & _SINGLE_SEGMENT else _window(header[5])
    if content != size or window > limits.WINDOW:
        wanted = f"{size} bytes and a window of at most {limits.WINDOW}"
        raise FormatError(f"zstd frame: expected {wanted}, got {content} and {window}", offset=at)
    blocks = limits.FREE_BLOCKS + size // limits.BLOCK
    end = _walk(stored, at + width, largest=min(window, _LARGEST_BLOCK), blocks=blocks)
    if end != len(stored):
        raise FormatError(f"zstd frame: expected it to end after {len(stored)} bytes, got its end at {end}", offset=end)


def _window(descriptor: int) -> int:
    """RFC 8878, section 3.1.1.1.2."""
    base = 1 << (10 + (descriptor >> 3))
    return base + (base >> 3) * (descriptor & 7)


def _walk(stored: memoryview, at: int, *, largest: int, blocks: int) -> int:
    """Where the last of at most so many blocks ends, each of at most ``largest`` bytes."""
    for _ in range(blocks):
        block = int.from_bytes(stored[at : at + 3], "little")
        is_last, kind, size = block & 1, block >> 1 & 3, block >> 3
        if at + 3 > len(stored) or kind == _RESERVED or size > largest:
            raise FormatError("zstd frame: expected a block, got other bytes or none", offset=at)
        at += 3 + (1 if kind == _RLE else size)
        if is_last:
            return at
    raise FormatError(f"zstd frame: expected at most {blocks} blocks, got more", offset=at)
