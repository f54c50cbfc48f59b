"""The codecs' part of the second reader: docs/format.md section 5."""

from __future__ import annotations

import zstandard

from tests.containers.second_tensors import MIB, Refused, demand

_RAW, _PLANES = 0, 2
_PLANES_BLOCK = 2 * 524_288


def decoded(stored: bytes, *, codec: int, raw_length: int, place: str) -> bytes:
    """The raw bytes of a section."""
    if codec == _RAW:
        return stored
    _check_frame(stored, raw_length, place)
    try:
        raw = _decompressed(stored, raw_length)
    except zstandard.ZstdError as error:
        raise Refused(f"{place}: zstd: {error}") from error
    demand(len(raw) == raw_length, f"{place}: raw length")
    return _from_planes(raw) if codec == _PLANES else raw


def _decompressed(stored: bytes, most: int) -> bytes:
    """What the library gives piece by piece, one byte first: at once, it would let blocks refer back as they like."""
    raw, size = bytearray(), 1
    with zstandard.ZstdDecompressor(max_window_size=8 * MIB).stream_reader(stored) as reader:
        while len(raw) <= most and (piece := reader.read(size)):
            raw += piece
            size = 64 * 1024
    return bytes(raw)


def _check_frame(stored: bytes, raw_length: int, place: str) -> None:
    """Walks the header of the frame and those of its blocks (RFC 8878, 3.1.1) up to the end of the stored bytes."""
    demand(len(stored) > 6 and stored[:4] == b"\x28\xb5\x2f\xfd", f"{place}: zstd magic")
    descriptor = stored[4]
    demand(descriptor & 0b11111 == 0, f"{place}: zstd frame with unused bit, reserved bit, checksum or dictionary")
    single, size_flag = descriptor >> 5 & 1, descriptor >> 6
    width = 1 << size_flag if size_flag else single
    at = (5 if single else 6) + width
    demand(width and len(stored) >= at, f"{place}: zstd frame without content size")
    content_size = int.from_bytes(stored[at - width : at], "little") + (256 if width == 2 else 0)
    demand(content_size == raw_length, f"{place}: content size")
    base = 1 << 10 + (stored[5] >> 3)
    window = content_size if single else base + base // 8 * (stored[5] & 7)
    demand(window <= 8 * MIB, f"{place}: zstd window")
    last, blocks = 0, 0
    while not last:
        blocks += 1
        demand(blocks <= 16 + raw_length // 1024, f"{place}: too many zstd blocks")
        demand(len(stored) >= at + 3, f"{place}: zstd frame is cut off")
        block = int.from_bytes(stored[at : at + 3], "little")
        last, kind, size = block & 1, block >> 1 & 3, block >> 3
        demand(kind != 3 and size <= min(window, 128 * 1024), f"{place}: zstd block at {at}")
        at += 3 + (1 if kind == 1 else size)
    demand(at == len(stored), f"{place}: zstd frame ends elsewhere")


def _from_planes(planes: bytes) -> bytes:
    raw = bytearray(len(planes))
    halved, lowest = bytes(n >> 1 for n in range(256)), bytes((n & 1) << 7 for n in range(256))
    for at in range(0, len(planes), _PLANES_BLOCK):
        block = planes[at : at + _PLANES_BLOCK]
        high, low = block[: len(block) // 2], block[len(block) // 2 :]
        raw[at : at + len(block) : 2] = _either(high.translate(lowest), low.translate(halved))
        raw[at + 1 : at + len(block) : 2] = _either(low.translate(lowest), high.translate(halved))
    return bytes(raw)


def _either(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one, "big") | int.from_bytes(other, "big")).to_bytes(len(one), "big")
