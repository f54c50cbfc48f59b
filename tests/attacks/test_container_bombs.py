"""Containers that are small and would cost much: each is refused, or read, within seconds and little memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import zstandard

from expertkit.containers import kinds
from expertkit.containers.writer import Options
from tests.containers.builders import (
    TENSORS,
    Pieces,
    block,
    blocks_of,
    draft,
    drafts,
    frame,
    patched,
    signed,
    smallest,
    written,
)

LONGEST_S = 5.0
LARGEST_KIB = 200 << 10

MIB = 1 << 20
READ = """
import sys, time
from pathlib import Path
from expertkit.containers import sources
from expertkit.containers.reader import Container
from expertkit.errors import FormatError, IntegrityError
from expertkit.packages.streaming import Layers

def most():  # ru_maxrss would begin with what the process had that started this one
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))

before, begun = most(), time.monotonic()
try:
    container = Container(sources.mapped(Path(sys.argv[1])))
    total = sum(len(chunk) for entry in container.entries for chunk in container.chunks(entry))
    with Layers(container) as layers:
        found = [len(layers[layer]) for layer in layers.order]
    verdict = "read"
except (FormatError, IntegrityError) as error:
    verdict = "refused" if error.offset is not None else "refused without a place"
print(verdict, most() - before, time.monotonic() - begun, sep=",")
"""


def stored(payload: bytes, *, raw: int, count: int = 1) -> bytes:
    """Sections of these stored bytes that claim to be a frame of so many."""

    def change(pieces: Pieces) -> None:
        for at, entry in enumerate(pieces.entries):
            entry.update(codec=1, raw=raw)
            pieces.payloads[at] = payload

    return patched(written([draft(kinds.CUSTOM, f"custom/{at}", b"x") for at in range(count)]), change)


def headed(**fields: int) -> bytes:
    """Other fields in the header."""
    return patched(smallest(), lambda pieces: pieces.header.update(fields))


def zeros(size: int) -> bytes:
    """A frame of zeros, some 30,000 for each stored byte."""
    return zstandard.ZstdCompressor(level=19).compress(bytes(size))


def repeated(total: int, *, content: int) -> bytes:
    """A frame of blocks of one repeated byte, 32,768 for each stored one."""
    blocks = [block(b"x", size=128 << 10, kind=1, is_last=False)] * (total // (128 << 10))
    return frame(*blocks, block(b""), content=content)


def noise(size: int) -> bytes:
    """Bytes that nothing compresses."""
    return np.random.default_rng(1).bytes(size)


def at_the_limit() -> bytes:
    """As much as 200 for each stored byte: noise, and then zeros."""
    size = 199 * MIB
    data = zstandard.ZstdCompressor(level=1).compress(noise(MIB) + bytes(size - MIB))
    return stored(data, raw=size)


def of_tensors(text: bytes) -> bytes:
    """A layer whose header is such a text of some megabytes, with so much noise behind it that it may be."""
    data = len(text).to_bytes(8, "little") + text + noise(60_000)
    return written([draft(kinds.ADAPTER, TENSORS, data, dtype="bfloat16")], options=Options(codec="zstd"))


def row(name: str, shape: str = "[1]") -> str:
    """A tensor in such a header."""
    return f'"{name}":{{"dtype":"BF16","shape":{shape},"data_offsets":[0,2]}}'


def with_metadata(*rows: str) -> bytes:
    """The header of these tensors."""
    return ",".join(['{"__metadata__":{"format":"pt"}', *rows]).encode() + b"}"


def in_one_place(pieces: Pieces) -> None:
    """Every section lies where the first one does."""
    for entry in pieces.entries:
        entry["at"] = 192 + 192 * len(pieces.entries)


BOMBS: dict[str, Callable[[], bytes]] = {
    # Decoded at once, they fill the memory of whoever trusts them.
    "zeros": lambda: stored(zeros(128 * MIB), raw=128 * MIB),
    "zeros that claim to be few": lambda: stored(frame(blocks_of(zeros(64 * MIB)), content=MIB), raw=MIB),
    "a repeated byte": lambda: stored(repeated(1024 * MIB, content=1024 * MIB), raw=1024 * MIB),
    "a repeated byte that claims to be few": lambda: stored(repeated(1024 * MIB, content=7 * MIB), raw=7 * MIB),
    "a block of 2 MiB": lambda: stored(frame(block(b"x", size=(1 << 21) - 1, kind=1), content=MIB), raw=MIB),
    # A content size or a window that is believed is allocated.
    **{
        f"a content size of 2^{power}": lambda power=power: stored(  # type: ignore[misc]
            frame(block(b"x"), content=1 << power, descriptor=0xE0), raw=1 << power
        )
        for power in (36, 48, 63)
    },
    "a content size that the entry has not": lambda: stored(
        frame(block(b"x"), content=1 << 36, descriptor=0xE0), raw=1
    ),
    "2,000,000 empty blocks": lambda: stored(
        frame(*[block(b"", is_last=False)] * 2_000_000, block(b"x"), content=1), raw=1
    ),
    "a window of 2 GiB": lambda: stored(frame(block(b"x"), content=1, descriptor=0x80, window=b"\xa8"), raw=1),
    "the largest window": lambda: stored(frame(block(b"x"), content=1, descriptor=0x80, window=b"\xff"), raw=1),
    # Each is allowed, all together they are not.
    "4,096 sections of 1 MiB": lambda: stored(repeated(MIB, content=MIB), raw=MIB, count=4096),
    "4,096 sections in one place": lambda: patched(
        written([draft(kinds.CUSTOM, f"custom/{at}", noise(1000)) for at in range(4096)]), in_one_place
    ),
    # A length that is believed is read, allocated or multiplied.
    "metadata of 2^63 bytes": lambda: headed(metadata_size=1 << 63),
    "a TOC of 2^63 bytes": lambda: headed(toc_size=1 << 63),
    "a TOC at 2^64": lambda: headed(toc_at=(1 << 64) - 64),
    "4,294,967,295 sections": lambda: headed(sections=(1 << 32) - 1),
    "signatures of 2^63 bytes": lambda: headed(signatures_size=1 << 63),
    "a section at 2^63": lambda: patched(smallest(), lambda pieces: pieces.entries[0].update(at=1 << 63)),
    "a section of 2^63 bytes": lambda: patched(
        smallest(), lambda pieces: pieces.entries[0].update(stored=1 << 63, raw=1 << 63)
    ),
    # A text is small, and what it is parsed to is not.
    "a header that is nested": lambda: of_tensors(b"[" * 8_000_000),
    "a header of objects": lambda: of_tensors(with_metadata(row("a", "[" + "{}," * 2_700_000 + "1]"))),
    "a header of lists": lambda: of_tensors(with_metadata(row("a", "[" + "[]," * 2_700_000 + "1]"))),
    "a header of sizes": lambda: of_tensors(with_metadata(row("a", "[" + "99999," * 1_300_000 + "1]"))),
    "a header of one number": lambda: of_tensors(with_metadata(row("a", "[" + "9" * 8_000_000 + "]"))),
    "a header of 100,000 tensors": lambda: of_tensors(with_metadata(*(row(f"m.{at}") for at in range(100_000)))),
    "a header that is never closed": lambda: of_tensors(with_metadata(*[row("a")] * 100_000)[:-2] + b'\\"' * 500_000),
}  # fmt: skip

LARGE: dict[str, Callable[[], bytes]] = {
    "200 for each stored byte": at_the_limit,
    "4,096 empty sections": lambda: written([draft(kinds.CUSTOM, f"custom/{at}", b"") for at in range(4096)]),
    "4,096 long names in many folders": lambda: written(
        [draft(kinds.CUSTOM, f"{at:04}/" + "/".join(["x" * 12] * 7), b"") for at in range(4096)]
    ),
    "200,000 certificates": lambda: signed(
        written(drafts()), *(b"%02d" % at for at in range(16)), chain=[b"x"] * 13_107
    ),
}


def cost(data: bytes, path: Path) -> tuple[str, int, float]:
    """What a process of its own says of a container, and what it takes: KiB and seconds."""
    path.write_bytes(data)
    environment = {"PYTHONPATH": ":".join(entry for entry in sys.path if entry)}
    done = subprocess.run(
        [sys.executable, "-c", READ, path], capture_output=True, text=True, check=True, env=environment
    )
    verdict, memory, seconds = done.stdout.split(",")
    return verdict, int(memory), float(seconds)


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_is_refused_at_little_cost(tmp_path: Path, bomb: Callable[[], bytes]) -> None:
    """In seconds and 200 MB, with the place where it is one."""
    verdict, memory, seconds = cost(bomb(), tmp_path / "bomb.expert")

    assert verdict == "refused"
    assert memory < LARGEST_KIB
    assert seconds < LONGEST_S


@pytest.mark.parametrize("large", LARGE.values(), ids=LARGE.keys())
def test_what_is_large_and_allowed_is_read_at_little_cost(tmp_path: Path, large: Callable[[], bytes]) -> None:
    """Piece by piece, so that memory does not grow with it."""
    verdict, memory, seconds = cost(large(), tmp_path / "large.expert")

    assert verdict == "read"
    assert memory < LARGEST_KIB
    assert seconds < LONGEST_S
