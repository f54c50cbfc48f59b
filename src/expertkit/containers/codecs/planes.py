"""16-bit numbers as two planes of bytes, so that their exponents, which repeat, stand together.

A word is turned left by one bit: the sign goes to the end, and the high byte is the eight bits of a bfloat16's
exponent, or a float16's exponent and three bits of its fraction. Blocks are of 1 MiB: all high bytes, then all low.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from expertkit.containers.codecs import rooms

BLOCK = rooms.SIZE
"""Bytes."""


def split(chunks: Iterable[bytes | memoryview]) -> Iterator[bytes]:
    """The planes of the words in ``chunks``, block by block."""
    for block in _blocks(chunks):
        words = np.frombuffer(block, "<u2")
        turned = ((words << 1) | (words >> 15)).astype("<u2", copy=False).view(np.uint8)
        yield turned[1::2].tobytes()
        yield turned[::2].tobytes()


def join(blocks: Iterable[memoryview], *, into: memoryview | None = None) -> Iterator[memoryview]:
    """The words whose planes the blocks hold, each of ``BLOCK`` bytes but for the last; one is valid until the next.

    With ``into``, which has room for all, each gets its place there.
    """
    with rooms.taken() as first, rooms.taken() as second, rooms.taken() as third:
        for number, block in enumerate(blocks):
            size, begin = len(block), number * BLOCK
            room = first[:size] if into is None else into[begin : begin + size]
            words, work, lows = (np.frombuffer(each, "<u2") for each in (room, second[:size], third[:size]))
            _join(np.frombuffer(block, np.uint8), words, work, lows)
            yield room


def _join(
    planes: NDArray[np.uint8], words: NDArray[np.uint16], work: NDArray[np.uint16], lows: NDArray[np.uint16]
) -> None:  # fmt: skip
    """Fill ``words``; ``work`` and ``lows`` are room to work in. All three are (n,), ``planes`` is (2 n,)."""
    np.copyto(words, planes[: len(words)])
    np.copyto(lows, planes[len(words) :])
    np.left_shift(words, 7, out=words)
    np.right_shift(lows, 1, out=work)
    np.bitwise_or(words, work, out=words)
    np.left_shift(lows, 15, out=lows)
    np.bitwise_or(words, lows, out=words)


def _blocks(chunks: Iterable[bytes | memoryview]) -> Iterator[bytes | bytearray]:
    """The same bytes in pieces of ``BLOCK`` and one that may be shorter."""
    waiting = bytearray()
    for chunk in chunks:
        if not waiting and len(chunk) == BLOCK:
            yield bytes(chunk)
            continue
        waiting += chunk
        while len(waiting) >= BLOCK:
            yield bytes(waiting[:BLOCK])
            del waiting[:BLOCK]
    if waiting:
        yield waiting
