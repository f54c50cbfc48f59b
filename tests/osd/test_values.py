"""Numbers are read as they were rounded, and rounding them again changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from expertkit.errors import FormatError
from expertkit.osd.file import values
from expertkit.osd.settings import Codec

CODECS: tuple[Codec, ...] = ("f32", "f16", "int8")


def numbers(seed: int, count: int, exponent: int) -> NDArray[np.float32]:
    """Heavy-tailed numbers of a size, some of them 0."""
    rng = np.random.default_rng(seed)
    found = rng.standard_t(2, count) * 2.0**exponent * (rng.random(count) < 0.9)
    return found.astype(np.float32)


NUMBERS = st.builds(numbers, st.integers(0, 1 << 32), st.integers(0, 400), st.integers(-40, 4))


@pytest.mark.parametrize("codec", CODECS)
@settings(max_examples=60, deadline=None)
@given(given_numbers=NUMBERS)
def test_law_9_what_is_written_is_read(codec: Codec, given_numbers: NDArray[np.float32]) -> None:
    """As it was rounded, in as many bytes as the formula says; and what follows is left alone."""
    data = values.encode(given_numbers, codec)

    found, size = values.decode(memoryview(data + b"more"), len(given_numbers), codec)

    assert size == len(data) == values.size(len(given_numbers), codec)
    assert np.array_equal(found, values.rounded(given_numbers, codec))


@pytest.mark.parametrize("codec", CODECS)
@settings(max_examples=60, deadline=None)
@given(given_numbers=NUMBERS)
def test_rounded_numbers_are_not_rounded_again(codec: Codec, given_numbers: NDArray[np.float32]) -> None:
    """Bytes of what was read are the bytes that it was read from, also where float16 has few digits."""
    once = values.rounded(given_numbers, codec)

    assert np.array_equal(values.rounded(once, codec), once)
    assert values.encode(once, codec) == values.encode(given_numbers, codec)


@settings(max_examples=60, deadline=None)
@given(given_numbers=NUMBERS)
def test_int8_is_off_by_half_a_step_at_most(given_numbers: NDArray[np.float32]) -> None:
    """Of its group; and by what a scale in float16 is off, which the largest number has to bear."""
    given_numbers = given_numbers * np.float32(2.0**20)  # where float16 has all its digits
    groups = np.arange(len(given_numbers)) // values.GROUP
    peaks = np.array([np.abs(given_numbers[groups == each]).max() for each in groups], np.float64)
    if peaks.max(initial=0) / 127 > 65504 or (peaks.min(initial=1) / 127 < 2**-14):
        return

    off = np.abs(values.rounded(given_numbers, "int8") - given_numbers)

    assert (off <= peaks / 127 * (0.5 + 127 * 2**-11) * 1.001).all()


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused(codec: Codec, odd: float) -> None:
    """NaN and infinity are nobody's parameters."""
    with pytest.raises(ValueError, match="expected finite numbers"):
        values.encode(np.array([1, odd], np.float32), codec)


@pytest.mark.parametrize(("codec", "number"), [("f16", 70_000), ("int8", 127 * 70_000)])
def test_what_is_too_large_is_refused(codec: Codec, number: float) -> None:
    """Rather than cut."""
    with pytest.raises(ValueError, match=f"expected numbers that fit {codec}"):
        values.encode(np.array([number], np.float32), codec)


def int8_bytes(scale: float, codes: list[int]) -> bytes:
    """One group."""
    return np.array([scale], "<f2").tobytes() + np.array(codes, np.int8).tobytes()


CASES: dict[str, tuple[Codec, int, bytes]] = {
    "f32: cut": ("f32", 2, bytes(7)),
    "f32: not a number": ("f32", 1, np.array([np.nan], "<f4").tobytes()),
    "f16: infinite": ("f16", 1, np.array([np.inf], "<f2").tobytes()),
    "int8: cut": ("int8", 2, bytes(3)),
    "int8: the scale is not a number": ("int8", 2, int8_bytes(np.nan, [127, 1])),
    "int8: the scale is infinite": ("int8", 2, int8_bytes(np.inf, [127, 1])),
    "int8: the scale is negative": ("int8", 2, int8_bytes(-1, [127, 1])),
    "int8: the scale is minus zero": ("int8", 2, int8_bytes(-0.0, [0, 0])),
    "int8: the scale is too large": ("int8", 2, int8_bytes(1, [126, 1])),
    "int8: a scale of nothing": ("int8", 2, int8_bytes(1, [0, 0])),
    "int8: numbers without a scale": ("int8", 2, int8_bytes(0, [127, 0])),
    "int8: -128": ("int8", 2, int8_bytes(1, [127, -128])),
}
"""The defect, and numbers that have it."""


@pytest.mark.parametrize("case", CASES)
def test_what_is_malformed_is_refused(case: str) -> None:
    """With an error of ours."""
    codec, count, data = CASES[case]

    with pytest.raises(FormatError):
        values.decode(memoryview(data), count, codec)
