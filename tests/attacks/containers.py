"""Containers made hostile at random, many of them: ``python -m tests.attacks.containers [COUNT]``.

Each is a sound, signed container with something changed: fields of its header and its entries, entries cut, doubled or
exchanged, stored bytes, zstd frames, headers of tensors, the signature block, or bytes anywhere. Half of them have all
digests made right again, so that what comes after is reached. Every one is read whole, layers included, by both of the
readers: it is refused by both, with an error of ours that names a place, or both give the same. Prints what came of
them; exits with 1 if the readers differ, one container took over 5 s or 200 MB, or an error was none of ours.
"""

from __future__ import annotations

import hashlib
import os
import random
import resource
import struct
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from copy import deepcopy
from functools import cache

import click

from expertkit.containers import header, toc
from expertkit.containers.reader import Container
from expertkit.containers.sources import Held
from expertkit.containers.writer import Options
from expertkit.errors import FormatError, IntegrityError
from tests.attacks.changes import CHANGES, append, cut, exchange, flip, number, splice
from tests.containers.builders import (
    ENTRY,
    HEADER,
    Pieces,
    drafts,
    everything,
    put_together,
    replaced,
    second,
    sections_of,
    signed,
    small,
    taken_apart,
    written,
)

COUNT = 2_000_000
LONGEST_S = 5.0
LARGEST_BYTES = 200 << 20
_BATCH = 2_000


def main(count: int) -> int:
    """Try so many, and give the exit status."""
    batches = [(start, min(_BATCH, count - start)) for start in range(0, count, _BATCH)]
    told: Counter[str] = Counter()
    longest, begun = 0.0, time.monotonic()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for done, (found, slowest) in enumerate(pool.map(_try_batch, batches), 1):
            told += found
            longest = max(longest, slowest)
            click.echo(f"\r{min(done * _BATCH, count):,} of {count:,}, {told['WRONG']} wrong", nl=False, err=True)
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    verdicts = ", ".join(f"{name} {times:,}" for name, times in sorted(told.items()))
    click.echo(f"\n{count:,} containers, each by two readers: {verdicts}")
    rate = count / (time.monotonic() - begun)
    click.echo(f"slowest {longest:.3f} s, largest process {memory >> 20} MB, {rate:,.0f} a second")
    return int(bool(told["WRONG"]) or longest > LONGEST_S or memory > LARGEST_BYTES)


def _try_batch(batch: tuple[int, int]) -> tuple[Counter[str], float]:
    start, count = batch
    told: Counter[str] = Counter()
    longest = 0.0
    for case in range(start, start + count):
        data = hostile(random.Random(case))
        begun = time.monotonic()
        try:
            verdict = attempt(data)
        except BaseException as error:
            error.add_note(f"container {case}")
            raise
        longest = max(longest, time.monotonic() - begun)
        told[verdict] += 1
        if verdict == "WRONG":
            click.echo(f"\ncontainer {case}: WRONG")
    return told, longest


def attempt(data: bytes) -> str:
    """What came of one container: refused, accepted, or WRONG."""
    other = second(data)
    try:
        found = everything(Held(data))
    except (FormatError, IntegrityError) as error:
        return "refused" if error.offset is not None and other is None else "WRONG"
    container = Container(Held(data))
    signatures = tuple((each.envelope, each.chain) for each in container.signatures)
    seen = (found, container.metadata, container.root, signatures)
    is_same = other and seen == (sections_of(other), other.metadata, other.root.hex(), other.signatures)
    return "accepted" if is_same else "WRONG"


@cache
def _bases() -> tuple[Pieces, ...]:
    """Sound containers: planes, zstd and raw, with a signature, two and none."""
    zstd, raw = Options(codec="zstd"), Options(codec="raw", alignment=512)
    several = signed(written(drafts(), options=raw), b"a", b"b", chain=[b"xyz", b"c"])
    made = (small(), small("float32", options=zstd), small("float16", options=raw), several, written(drafts()))
    return tuple(taken_apart(data) for data in made)


def hostile(rng: random.Random) -> bytes:
    """A container with something changed in it, and with it untouched one time in fifty."""
    pieces = deepcopy(rng.choice(_bases()))
    if rng.random() < 0.02:
        return put_together(pieces)
    of_pieces, of_bytes = rng.choice(((True, False), (True, False), (False, True), (True, True)))
    for _ in range(of_pieces * rng.choice((1, 1, 1, 2, 4))):
        rng.choice(CHANGES)(pieces, rng)
    data = put_together(pieces)
    for _ in range(of_bytes * rng.choice((1, 1, 1, 2, 8))):
        data = rng.choice((flip, flip, _written_over, cut, append, splice, exchange))(data, rng)
    return _mended(data) if rng.random() < 0.5 else data


def _mended(data: bytes) -> bytes:
    """The digests of all sections, where they say they are, and the root made right again."""
    if len(data) < header.SIZE:
        return data
    metadata_end = header.SIZE + int.from_bytes(data[32:40], "little") % (1 << 21)
    at, size = (int.from_bytes(data[place : place + 8], "little") % (1 << 32) for place in (40, 48))
    for place in range(at, min(at + size, len(data) - toc.SIZE + 1), toc.SIZE):
        begin, stored = struct.unpack_from("<QQ", data, place + 16)
        digest = hashlib.sha256(data[begin : begin + stored]).digest()
        data = replaced(data, place + 48, digest)
    parts = (header.without_digest(data), data[header.SIZE : metadata_end], data[at : at + size])
    return replaced(data, 64, hashlib.sha256(b"".join(parts)).digest())


def _written_over(data: bytes, rng: random.Random) -> bytes:
    """A field of the header or of an entry, wherever that is."""
    is_header = rng.random() < 0.5
    places = HEADER if is_header else ENTRY
    at, kind = places[rng.choice([*places])]
    value = number((at, kind), rng, 0)
    packed = struct.pack("<" + kind, value)
    return replaced(data, at if is_header else 192 + toc.SIZE * rng.randrange(7) + at, packed)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT))
