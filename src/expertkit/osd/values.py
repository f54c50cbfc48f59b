"""Kept numbers as bytes (docs/osd.md, section 4).

``f32`` and ``f16`` are the numbers one after another, little-endian. ``int8`` is a scale for each group of 128, as
float16, then a byte for each number, which is the byte times its group's scale.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from expertkit.errors import FormatError
from expertkit.osd.settings import Codec

Array = NDArray[np.float32]

GROUP = 128
"""Numbers with one scale."""
_KINDS: dict[str, np.dtype[Any]] = {"f32": np.dtype("<f4"), "f16": np.dtype("<f2")}


def rounded(values: Array, codec: Codec) -> Array:
    """The numbers as they come back.

    Raises:
        ValueError: one is not finite, or too large for the codec.
    """
    return decode(memoryview(encode(values, codec)), len(values), codec)[0]


def size(count: int, codec: Codec) -> int:
    """Bytes of so many numbers."""
    if codec == "int8":
        return count + 2 * -(-count // GROUP)
    return count * _KINDS[codec].itemsize


def encode(values: Array, codec: Codec) -> bytes:
    """The numbers, a vector, as bytes.

    Raises:
        ValueError: one is not finite, or too large for the codec.
    """
    if codec == "int8":
        scales, codes = _quantise(values)
        data = scales.tobytes() + codes.tobytes()
    else:
        with np.errstate(over="ignore"):
            scales = values.astype(_KINDS[codec])
        data = scales.tobytes()
    if not np.isfinite(values).all() or not np.isfinite(scales).all():
        raise ValueError(f"expected finite numbers that fit {codec}")
    return data


def decode(data: memoryview, count: int, codec: Codec) -> tuple[Array, int]:
    """``count`` numbers at the beginning of ``data``, and how many bytes they took.

    Raises:
        FormatError: there are too few, or one is not finite.
    """
    end = size(count, codec)
    if end > len(data):
        raise FormatError(f"osd: expected {end} bytes of numbers, got {len(data)}")
    if codec == "int8":
        groups = -(-count // GROUP)
        scales = np.frombuffer(data[: 2 * groups], "<f2").astype(np.float32)
        found = np.frombuffer(data[2 * groups : end], np.int8) * np.repeat(scales, GROUP)[:count]
    else:
        found = np.frombuffer(data[:end], _KINDS[codec]).astype(np.float32)
    if not np.isfinite(found).all():
        raise FormatError("osd: expected finite numbers, got others")
    return found, end


def _quantise(values: Array) -> tuple[NDArray[np.float16], NDArray[np.int8]]:
    """A scale for each group, so that its largest number is 127, and all numbers in units of it."""
    groups = -(-len(values) // GROUP)
    padded = np.zeros(groups * GROUP, np.float32)
    padded[: len(values)] = values
    blocks = padded.reshape(groups, GROUP)
    with np.errstate(over="ignore"):
        scales = (np.abs(blocks).max(axis=1, initial=0) / 127).astype("<f2")
    units = np.where(scales > 0, scales, 1).astype(np.float32)[:, None]
    codes = np.clip(np.rint(blocks / units), -127, 127) * (scales > 0)[:, None]
    return scales, codes.astype(np.int8).ravel()[: len(values)]
