"""Whole numbers of a few bits, one after another, the lowest bit of each first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from expertkit.osd.file.reading import Reader

Codes = NDArray[np.uint8]


def pack(codes: Codes, width: int) -> bytes:
    """Numbers below ``2 ** width``, at most 8 bits each, as bytes."""
    return np.packbits((codes.ravel()[:, None] >> np.arange(width, dtype=np.uint8)) & 1).tobytes()


def unpack(reader: Reader, shape: tuple[int, ...], width: int) -> Codes:
    """The next numbers.

    Raises:
        FormatError: there are fewer.
    """
    count = int(np.prod(shape))
    found = np.unpackbits(np.frombuffer(reader.take(-(-count * width // 8)), np.uint8), count=count * width)
    codes: Codes = (found.reshape(-1, width) << np.arange(width, dtype=np.uint8)).sum(axis=1, dtype=np.uint8)
    return codes.reshape(shape)
