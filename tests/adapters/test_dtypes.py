"""Stored number formats: rounding to nearest even, refusal of what does not fit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from expertkit.adapters.dtypes import DTYPES, ITEM_SIZE, UNIT_ROUNDOFF, DType, decode, encode, first_infinite, rounded

NORMAL = st.floats(min_value=2.0**-14, max_value=60000.0, width=32)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.0, 0x3F80),
        (1.0 + 2.0**-8, 0x3F80),  # halfway: the even neighbour is below
        (1.0 + 3 * 2.0**-8, 0x3F82),  # halfway: the even neighbour is above
        (1.0 + 2.0**-8 + 2.0**-20, 0x3F81),  # more than halfway
        (-1.0 - 2.0**-8, 0xBF80),
        (-0.0, 0x8000),
        (1e-45, 0x0000),
    ],
)
def test_bfloat16_rounds_to_the_nearest_and_ties_to_even(value: float, expected: int) -> None:
    """The bits are those of IEEE rounding to nearest, ties to even."""
    data = encode(np.array([value], dtype=np.float32), "bfloat16")

    assert int.from_bytes(data, "little") == expected


def test_bfloat16_rounds_as_torch_does() -> None:
    """Torch's conversion of the same numbers gives the same numbers."""
    torch = pytest.importorskip("torch")
    values = np.random.default_rng(1).standard_normal(2000).astype(np.float32)

    expected = torch.from_numpy(values).bfloat16().float().numpy()

    assert np.array_equal(rounded(values, "bfloat16"), expected)


@pytest.mark.parametrize("dtype", DTYPES)
@settings(max_examples=50, deadline=None)
@given(values=arrays(np.float32, (3, 4), elements=NORMAL))
def test_rounding_moves_a_normal_number_by_at_most_the_unit_roundoff(dtype: DType, values: np.ndarray) -> None:
    """The relative error stays within the format's promise, and a second rounding changes nothing."""
    once = rounded(values, dtype)

    assert np.all(np.abs(once.astype(float) - values) <= UNIT_ROUNDOFF[dtype] * values.astype(float))
    assert np.array_equal(rounded(once, dtype), once)


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (float("nan"), "float32"),
        (float("inf"), "float32"),
        (70000.0, "float16"),
        (3.4e38, "bfloat16"),
        (float("nan"), "bfloat16"),
    ],
)
def test_a_number_that_does_not_fit_is_refused(value: float, dtype: DType) -> None:
    """Nothing that would be stored as infinity or NaN is stored."""
    with pytest.raises(ValueError, match="finite"):
        encode(np.array([value], dtype=np.float32), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_bytes_are_little_endian_rows(dtype: DType) -> None:
    """Decoding gives the numbers row by row, each in the stated number of bytes."""
    values = np.array([[1.0, 2.0], [-0.5, 0.0]], dtype=np.float32)

    data = encode(values, dtype)

    assert len(data) == 4 * ITEM_SIZE[dtype]
    assert decode(data, dtype).tolist() == [1.0, 2.0, -0.5, 0.0]


@pytest.mark.parametrize(("dtype", "exponent"), [("float16", 0x7C00), ("bfloat16", 0x7F80)])
def test_every_16_bit_number_that_is_not_finite_is_found(dtype: DType, exponent: int) -> None:
    """Alone, and between a positive and a negative one."""
    for word in range(1 << 16):
        is_odd = word & exponent == exponent
        alone, between = (np.array(row, "<u2").tobytes() for row in ([word], [0x3C00, word, 0xBC00]))
        assert first_infinite(alone, dtype) == (0 if is_odd else None), word
        assert first_infinite(between, dtype) == (1 if is_odd else None), word


@pytest.mark.parametrize(
    "word", [0x7F800000, 0x7F800001, 0x7FFFFFFF, 0xFF800000, 0xFF800001, 0xFFFFFFFF], ids="{:#x}".format
)
def test_every_kind_of_float32_that_is_not_finite_is_found(word: int) -> None:
    """Infinities and numbers that are none, of both signs; the largest finite ones are not."""
    finite = [0, 1, 0x3F800000, 0x7F7FFFFF, 0x80000000, 0xBF800000, 0xFF7FFFFF]

    assert first_infinite(np.array(finite, "<u4").tobytes(), "float32") is None
    assert first_infinite(np.array([*finite, word, *finite], "<u4").tobytes(), "float32") == len(finite)
    assert first_infinite(b"", "float32") is None
