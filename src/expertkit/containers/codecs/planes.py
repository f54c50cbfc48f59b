"""16-bit numbers as two planes of bytes, so that their exponents, which repeat, stand together.

A word is turned left by one bit: the sign goes to the end, and the high byte is the eight bits of a bfloat16's
exponent, or a float16's exponent and three bits of its fraction. Blocks are of 1 MiB: all high bytes, then all low.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

BLOCK = 1 << 20
"""Bytes."""


def split(chunks: Iterable[bytes | memoryview]) -> Iterator[bytes]:
    """The planes of the words in ``chunks``, block by block."""
    for block in _blocks(chunks):
        words = np.frombuffer(block, "<u2")
        turned = ((words << 1) | (words >> 15)).astype("<u2", copy=False).view(np.uint8)
        yield turned[1::2].tobytes()
        yield turned[::2].tobytes()


def join(blocks: Iterable[memoryview]) -> Iterator[memoryview]:
    """The words whose planes the blocks hold, each of ``BLOCK`` bytes but for the last; one is valid until the next."""
    turned, words = np.empty(BLOCK // 2, "<u2"), np.empty(BLOCK // 2, "<u2")
    for block in blocks:
        count = len(block) // 2
        yield _joined(np.frombuffer(block, np.uint8), turned[:count], words[:count]).data.cast("B")


def _joined(planes: NDArray[np.uint8], turned: NDArray[np.uint16], words: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """``words``, filled; ``turned`` is room to work in. Both are (n,), ``planes`` is (2 n,)."""
    pairs = turned.view(np.uint8)
    pairs[1::2], pairs[::2] = planes[: len(words)], planes[len(words) :]
    np.right_shift(turned, 1, out=words)
    np.left_shift(turned, 15, out=turned)
    return np.bitwise_or(words, turned, out=words)


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
