"""Bytes as one zstd frame, and back to exactly as many as were said."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from expertkit.containers.codecs import frames


def compress(streams: Sequence[bytes]) -> bytes:
    """Streams of unlike statistics, one after another, as one zstd frame."""
    return b"".join(frames.compress(streams, size=sum(map(len, streams)), level=None, apart=True))


def decompress(stored: memoryview, *, size: int) -> memoryview:
    """The ``size`` bytes of a frame.

    Raises:
        FormatError: it is no frame of so many bytes, or more than one.
    """
    found = np.empty(size, np.uint8).data
    for _piece in frames.decompress(stored, size=size, into=found):
        pass
    return found
