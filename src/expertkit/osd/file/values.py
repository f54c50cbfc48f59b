"""Kept numbers as bytes (docs/osd.md, section 4).

``f32`` and ``f16`` are the numbers one after another, little-endian. ``int8`` is a scale for each group of 128, as
float16, then a byte for each number, which is the byte times its group's scale. The largest byte of a group is 127 up
to its sign, unless all are 0; so numbers that were rounded once are never rounded again.
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
_PEAK = 127
_KINDS: dict[str, np.dtype[Any]] = {"f32": np.dtype("<f4"), "f16": np.dtype("<f2")}


def rounded(values: Array, codec: Codec) -> Array:
    """The numbers as they come back.

    Raises:
        ValueError: one is not finite, or too large for the codec.
    """
    stored = _stored(values, codec)
    return _times(*stored)[: len(values)] if codec == "int8" else stored[0].astype(np.float32)


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
    return b"".join(each.tobytes() for each in _stored(values, codec))


def decode(data: memoryview, count: int, codec: Codec) -> tuple[Array, int]:
    """``count`` numbers at the beginning of ``data``, and how many bytes they took.

    Raises:
        FormatError: there are too few, or one is not finite.
    """
    end = size(count, codec)
    if end > len(data):
        raise FormatError(f"osd: expected {end} bytes of numbers, got {len(data)}")
    found = _read_groups(data[:end], count) if codec == "int8" else _read_floats(data[:end], codec)
    return found, end


def _stored(values: Array, codec: Codec) -> list[NDArray[Any]]:
    """The arrays that are written."""
    if not np.isfinite(values).all():
        raise ValueError("expected finite numbers, got others")
    with np.errstate(over="ignore"):
        found: list[NDArray[Any]] = [*_quantise(values)] if codec == "int8" else [values.astype(_KINDS[codec])]
    if not np.isfinite(found[0]).all():
        raise ValueError(f"expected numbers that fit {codec}, got larger ones")
    return found


def _read_floats(data: memoryview, codec: Codec) -> Array:
    found = np.frombuffer(data, _KINDS[codec]).astype(np.float32)
    if not np.isfinite(found).all():
        raise FormatError("osd: expected finite numbers, got others")
    return found


def _read_groups(data: memoryview, count: int) -> Array:
    """What ``_quantise`` wrote: no other scales and bytes make the same numbers."""
    groups = -(-count // GROUP)
    scales = np.frombuffer(data[: 2 * groups], "<f2")
    codes = _blocks(np.frombuffer(data[2 * groups :], np.int8))
    peaks = np.maximum(codes.max(axis=1, initial=0), -codes.min(axis=1, initial=0).astype(np.int16))
    if not np.isfinite(scales).all() or np.signbit(scales).any() or (peaks != np.where(scales, _PEAK, 0)).any():
        raise FormatError(f"osd, int8: expected scales by which the largest byte of each group is {_PEAK}, got others")
    return _times(scales, codes.ravel())[:count]


def _times(scales: NDArray[Any], codes: NDArray[Any]) -> Array:
    """The numbers of whole groups, or of all but the last one."""
    found: Array = (_blocks(codes) * scales.astype(np.float32)[:, None]).ravel()
    return found


def _blocks(values: NDArray[Any]) -> NDArray[Any]:
    """(groups, GROUP): the numbers with zeros after the last one."""
    padded = np.zeros(-(-len(values) // GROUP) * GROUP, values.dtype)
    padded[: len(values)] = values
    return padded.reshape(-1, GROUP)


def _quantise(values: Array) -> tuple[NDArray[np.float16], NDArray[np.int8]]:
    """A scale for each group, so that its largest number is 127, and all numbers in units of it."""
    blocks = _blocks(values)
    peaks = np.abs(blocks).max(axis=1, initial=0)
    scales = (peaks / _PEAK).astype("<f2")
    too_large = np.isfinite(scales) & (np.rint(peaks / _units(scales)) < _PEAK)  # float16 near zero has few digits
    scales = np.where(too_large & (scales > 0), np.nextafter(scales, np.float16(0)), scales).astype("<f2")
    codes = np.clip(np.rint(blocks / _units(scales)[:, None]), -_PEAK, _PEAK) * (scales > 0)[:, None]
    return scales, codes.astype(np.int8).ravel()[: len(values)]


def _units(scales: NDArray[np.float16]) -> Array:
    return np.where(scales > 0, scales, 1).astype(np.float32)
