"""What is changed in a container at random: its fields, entries, frames, tensors and signatures, or bytes anywhere."""

from __future__ import annotations

import random
import re
import struct
from collections.abc import Callable

from tests.containers.builders import ENTRY, HEADER, Pieces, Where, block, blocks_of, frame, put_together, replaced

_FRAME = b"\x28\xb5\x2f\xfd"
_HEADER = 18  # bytes that the header of a frame has at most
_NAMES = (
    b"../../evil", b"/etc/passwd", b"docs", b"docs/../x", b"README.MD", b"readme.md", b"con", b"com0", b".", b"",
    b"a//b", b"a\\b", b"a\nb", b"manifest.json", b"x" * 100, b"x" * 101, b"\xc3\xa4", b"signature.sig", b"custom/a",
    b"a\0b", b"custom/a/b.bin/c", b"adapter_model.safetensors", b"grammar.gbnf",
)  # fmt: skip
_TEXTS = (
    b"0", b"1", b"-1", b"1.0", b"1e3", b"65535", b"65536", b"4294967296", b"9" * 30, b"true", b"null", b'""', b"[]",
    b"{}", b'"F32"', b'"F16"', b'"BF16"', b'"I8"', b" ", b"\n", b"\\u0041", b"\\ud800", b'"', b",", b"\xff", b"m.1.a",
    b"m.a",
)  # fmt: skip


def number(where: Where, rng: random.Random, before: int) -> int | bytes:
    """An interesting value for a field."""
    if where[1].endswith("s"):
        return rng.choice((b"\0", b"\1", b"", rng.randbytes(8))).ljust(int(where[1][:-1]), b"\0")
    most = (1 << 8 * struct.calcsize(where[1])) - 1
    values = (
        0,
        1,
        2,
        3,
        4,
        63,
        64,
        128,
        255,
        256,
        4096,
        4097,
        32_768,
        40_000,
        65_535,
        65_536,
        1 << 20,
        1 << 31,
        1 << 63,
    )
    steps = (-192, -64, -1, 1, 64, 192)
    value = rng.choice((most, most - 1, *values, *(before + step for step in steps), rng.randrange(most)))
    return value & most


def _header_field(pieces: Pieces, rng: random.Random) -> None:
    name = rng.choice([*HEADER])
    at, size = HEADER[name][0], struct.calcsize("<" + HEADER[name][1])
    before = int.from_bytes(put_together(pieces)[at : at + size], "little")
    pieces.header[name] = number(HEADER[name], rng, before)


def _entry_field(pieces: Pieces, rng: random.Random) -> None:
    if pieces.entries:
        entry, name = rng.choice(pieces.entries), rng.choice([*ENTRY])
        before = entry.get(name, rng.choice((512, 1024, 2048, 64, 880)))
        entry[name] = number(ENTRY[name], rng, before if isinstance(before, int) else 0)


def _own_length(pieces: Pieces, rng: random.Random) -> None:
    """Bytes more or fewer than there are, or another section's place."""
    if pieces.entries:
        at = rng.randrange(len(pieces.entries))
        size = len(pieces.payloads[at])
        name = rng.choice(("stored", "raw", "at"))
        pieces.entries[at][name] = max(
            0, rng.choice((size - 1, size + 1, 0, 64, 2 * size, 1344 + 64 * rng.randrange(20)))
        )


def _name(pieces: Pieces, rng: random.Random) -> None:
    if pieces.entries:
        rng.choice(pieces.entries)["name"] = rng.choice(_NAMES)


def _rearrange(pieces: Pieces, rng: random.Random) -> None:
    """Two entries exchanged, one twice, or one gone; with its bytes or without."""
    if not pieces.entries:
        return
    one, other = (rng.randrange(len(pieces.entries)) for _ in range(2))
    match rng.randrange(4):
        case 0:
            pieces.entries[one], pieces.entries[other] = pieces.entries[other], pieces.entries[one]
            if rng.random() < 0.5:
                pieces.payloads[one], pieces.payloads[other] = pieces.payloads[other], pieces.payloads[one]
        case 1:
            pieces.entries.insert(other, dict(pieces.entries[one]))
            pieces.payloads.insert(other, pieces.payloads[one])
        case 2:
            del pieces.entries[one], pieces.payloads[one]
        case _:
            pieces.payloads[one] = pieces.payloads[other]


def _payload(pieces: Pieces, rng: random.Random) -> None:
    """Other stored bytes, with their lengths right or not."""
    if not pieces.entries:
        return
    at = rng.randrange(len(pieces.entries))
    change = rng.choice((flip, flip, cut, append, exchange, splice))
    pieces.payloads[at] = change(pieces.payloads[at], rng)
    if rng.random() < 0.3:
        pieces.entries[at].setdefault("raw", len(pieces.payloads[at]))


def _frame(pieces: Pieces, rng: random.Random) -> None:
    """A frame that is damaged, forged, or a bomb; with the raw length that it claims, or another one."""
    if not pieces.entries:
        return
    at = rng.randrange(len(pieces.entries))
    entry, stored = pieces.entries[at], pieces.payloads[at]
    found = stored if stored[:4] == _FRAME and len(stored) > _HEADER else frame(block(stored), content=len(stored))
    made, size = rng.choice(_FRAMES)(found, entry.get("raw", len(stored)), rng)
    pieces.payloads[at] = made
    if rng.random() < 0.9:
        entry["codec"] = rng.choice((1, 1, 1, 2))
    if rng.random() < 0.8:
        entry["raw"] = size


def _frame_header(found: bytes, size: int, rng: random.Random) -> tuple[bytes, int]:
    return replaced(found, rng.randrange(4, 15), bytes([rng.randrange(256)])), size


def _frame_claim(found: bytes, size: int, rng: random.Random) -> tuple[bytes, int]:
    """Another content size or window before the same blocks."""
    claimed = rng.choice((size, size, size + 1, size - 1, 0, 1, 1 << 20, 1 << 30, 1 << 36, 1 << 63, (1 << 64) - 1)) % (
        1 << 64
    )
    is_wide, is_single = claimed >> 32 or rng.random() < 0.3, rng.random() < 0.5
    descriptor = (
        (0xC0 if is_wide else 0x80) | (0x20 if is_single else 0) | (1 << rng.randrange(5)) * (rng.random() < 0.1)
    )
    window = b"" if is_single else bytes([rng.choice((0, 1, 8, 0x38, 0x68, 0x69, 0x70, 0xA8, 0xFF))])
    return frame(blocks_of(found), content=claimed, descriptor=descriptor, window=window), claimed


def _frame_bomb(_found: bytes, _size: int, rng: random.Random) -> tuple[bytes, int]:
    """Repeated bytes, of which 4 stored ones may be up to 2 MiB by their header."""
    sizes = [rng.choice((0, 1, 1024, 1025, 131_072, 131_073, (1 << 21) - 1)) for _ in range(rng.choice((1, 2, 9, 40)))]
    blocks = [block(b"x", size=size, kind=1, is_last=False) for size in sizes[:-1]]
    total = sum(sizes) + rng.choice((0, 0, 0, 1, -1)) if rng.random() < 0.9 else rng.choice((0, 1, 1 << 30))
    window = rng.choice((b"", b"\0", b"\x38", b"\x68"))
    descriptor = 0x80 if window else 0xA0
    last = block(b"x", size=sizes[-1], kind=1, is_last=rng.random() < 0.9)
    return frame(*blocks, last, content=max(total, 0), descriptor=descriptor, window=window), max(total, 0)


def _frame_block(found: bytes, size: int, rng: random.Random) -> tuple[bytes, int]:
    """A block in front of or behind the blocks, or in their place."""
    data = rng.randbytes(rng.choice((0, 1, 9, 200)))
    length = rng.choice((None, None, 0, 1, 1 << 17, (1 << 21) - 1))
    other = block(data, size=length, kind=rng.randrange(4), is_last=rng.random() < 0.5)
    blocks = rng.choice((other + blocks_of(found), blocks_of(found) + other, other))
    total = size + rng.choice((0, len(data)))
    return frame(blocks, content=total), total


def _frame_second(found: bytes, size: int, rng: random.Random) -> tuple[bytes, int]:
    """A second frame, or one that is skipped."""
    skipped = b"\x50\x2a\x4d\x18\4\0\0\0skip"
    return rng.choice((found + found, found + skipped, skipped + found, found + frame(block(b""), content=0))), size


_FRAMES: tuple[Callable[[bytes, int, random.Random], tuple[bytes, int]], ...] = (
    _frame_header, _frame_claim, _frame_bomb, _frame_block, _frame_second,
)  # fmt: skip


def _tensors(pieces: Pieces, rng: random.Random) -> None:
    """Another text somewhere in a layer's header, mostly with its length and padding made right again."""
    raw = [at for at, entry in enumerate(pieces.entries) if entry["type"] == 1 and entry["codec"] == 0]
    if not raw:
        return
    at = rng.choice(raw)
    data = pieces.payloads[at]
    end = 8 + int.from_bytes(data[:8], "little")
    text, numbers = data[8:end].rstrip(b" "), data[end:]
    words = list(re.finditer(rb"\d+|\"[^\"]*\"|[\[\]{},:]", text))
    if words:
        word = rng.choice(words)
        other = rng.choice((*_TEXTS, rng.choice(words)[0], b"", word[0] + word[0]))
        text = text[: word.start()] + other + text[word.end() :]
    text += b" " * (-(8 + len(text)) % rng.choice((256, 256, 256, 8, 1)))
    numbers = rng.choice((numbers, numbers, numbers, numbers[:-2], numbers + numbers, flip(numbers, rng)))
    pieces.payloads[at] = len(text).to_bytes(8, "little") + text + numbers


def _metadata(pieces: Pieces, rng: random.Random) -> None:
    pieces.metadata = rng.randbytes(rng.choice((0, 1, 2, 63, 64, 65, 1000)))


def _signatures(pieces: Pieces, rng: random.Random) -> None:
    """Another number, other lengths, or the signatures in another order, twice, or not there."""
    old = pieces.block
    match rng.randrange(5):
        case 0:
            pieces.block = replaced(old, rng.choice((0, 4, 8, 12, rng.randrange(len(old) + 1))), rng.randbytes(1))
        case 1:
            value = rng.choice((0, 1, 2, 15, 16, 17, 65_536, 65_537, 1 << 31, (1 << 32) - 1))
            pieces.block = replaced(old, rng.choice((0, 8, 12)), value.to_bytes(4, "little"))
        case 2:
            pieces.block = replaced(old + old[8:], 0, b"\2")
        case 3:
            parts = [struct.pack("<II", 1, 0) + bytes([rng.randrange(256)]) for _ in range(rng.choice((1, 2, 16, 17)))]
            pieces.block = len(parts).to_bytes(4, "little") + bytes(4) + b"".join(rng.choice((sorted(parts), parts)))
        case _:
            pieces.block = rng.choice((b"", old[:-1], old + b"\0", rng.randbytes(20)))


CHANGES: tuple[Callable[[Pieces, random.Random], None], ...] = (
    _header_field, _entry_field, _entry_field, _own_length, _name, _rearrange, _payload, _frame, _frame, _tensors,
    _tensors, _metadata, _signatures,
)  # fmt: skip
"""What may be changed in a container that is taken apart, so that its digests are still right."""


def flip(data: bytes, rng: random.Random) -> bytes:
    """Another byte somewhere."""
    at = rng.randrange(len(data)) if data else 0
    return data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]


def cut(data: bytes, rng: random.Random) -> bytes:
    """Its end gone, or some bytes within."""
    at = rng.randrange(0, len(data) + 1, rng.choice((1, 64)))
    return data[:at] if rng.random() < 0.5 else data[:at] + data[at + rng.choice((1, 64, 192)) :]


def append(data: bytes, rng: random.Random) -> bytes:
    """Up to 64 bytes more."""
    return data + rng.choice((b"\0", b"x", bytes(64), data[:64], rng.randbytes(rng.randrange(1, 65))))


def splice(data: bytes, rng: random.Random) -> bytes:
    """Some of its bytes once more, somewhere else."""
    begin, at = (rng.randrange(len(data) + 1) for _ in range(2))
    return data[:at] + data[begin : begin + rng.choice((1, 64, 192, 300))] + data[at:]


def exchange(data: bytes, rng: random.Random) -> bytes:
    """Two stretches in each other's place."""
    size = rng.choice((1, 4, 8, 64, 192))
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    if parts:
        one, other = (rng.randrange(len(parts)) for _ in range(2))
        parts[one], parts[other] = parts[other], parts[one]
    return b"".join(parts)
