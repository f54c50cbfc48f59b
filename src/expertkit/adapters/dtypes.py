"""Stored number formats: float32 values to little-endian bytes and back.

Rounding is to nearest, ties to even, in every format. numpy has no bfloat16, so that one is
rounded here: a bfloat16 is the upper half of a float32.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

DType = Literal["float32", "float16", "bfloat16"]

DTYPES: tuple[DType, ...] = get_args(DType)

UNIT_ROUNDOFF: dict[DType, float] = {"float32": 2.0**-24, "float16": 2.0**-11, "bfloat16": 2.0**-8}
"""Largest relative error of rounding a number of the format's normal range."""

ITEM_SIZE: dict[DType, int] = {"float32": 4, "float16": 2, "bfloat16": 2}
"""Bytes of one number."""

_EXPONENTS: dict[DType, tuple[str, np.unsignedinteger[Any]]] = {
    "float32": ("<u4", np.uint32(0x7F800000)),
    "float16": ("<u2", np.uint16(0x7C00)),
    "bfloat16": ("<u2", np.uint16(0x7F80)),
}
"""As what the numbers' bits are read, and the bits that are all set in no finite number."""


def encode(values: NDArray[np.float32], dtype: DType) -> bytes:
    """Bytes of finite ``values``, row by row.

    Raises:
        ValueError: a value is not finite, or too large for ``dtype``.
    """
    data = _narrow(values, dtype)
    if not np.isfinite(values).all() or not np.isfinite(decode(data, dtype)).all():
        raise ValueError(f"expected finite numbers that fit {dtype}")
    return data


def decode(data: bytes | memoryview, dtype: DType) -> NDArray[np.float32]:
    """The numbers in ``data`` as a float32 vector, exactly."""
    match dtype:
        case "float32":
            return np.frombuffer(data, dtype="<f4").astype(np.float32)
        case "float16":
            return np.frombuffer(data, dtype="<f2").astype(np.float32)
        case "bfloat16":
            bits = np.frombuffer(data, dtype="<u2").astype(np.uint32)
            return (bits << np.uint32(16)).view(np.float32)


def first_infinite(data: bytes | memoryview, dtype: DType) -> int | None:
    """The place of the first number in ``data`` that is infinite or none at all, None where all are finite."""
    kind, exponent = _EXPONENTS[dtype]
    bits = np.frombuffer(data, dtype=kind)
    # As whole numbers positive ones come first, then negative ones, each by size: two maxima tell, without a copy.
    sign = np.dtype(kind).type(1 << (8 * bits.itemsize - 1))
    if not len(bits) or (bits.view(f"<i{bits.itemsize}").max() < exponent and bits.max() < (exponent | sign)):
        return None
    return int(((bits & exponent) == exponent).argmax())


def rounded(values: NDArray[np.float32], dtype: DType) -> NDArray[np.float32]:
    """``values`` as they come back after being stored."""
    return decode(encode(values, dtype), dtype).reshape(values.shape)


def _narrow(values: NDArray[np.float32], dtype: DType) -> bytes:
    match dtype:
        case "float32":
            return values.astype("<f4").tobytes()
        case "float16":
            with np.errstate(over="ignore"):
                return values.astype("<f2").tobytes()
        case "bfloat16":
            bits = np.ascontiguousarray(values).view(np.uint32).astype(np.uint64)
            last_kept = (bits >> np.uint64(16)) & np.uint64(1)
            return ((bits + np.uint64(0x7FFF) + last_kept) >> np.uint64(16)).astype("<u2").tobytes()
