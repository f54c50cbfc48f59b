"""Whole numbers are read as they were written, in streams that an entropy coder can do nearly its best with."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from expertkit.errors import FormatError
from expertkit.osd.file import frames, symbols

CASCADES = [
    tuple(width for at, width in enumerate(symbols.WIDTHS) if bits >> at & 1)
    for bits in range(1, 1 << len(symbols.WIDTHS))
]


def numbers(seed: int, count: int, size: float) -> NDArray[np.int16]:
    """Heavy-tailed whole numbers."""
    found = np.rint(np.random.default_rng(seed).standard_t(2, count) * size)
    return np.clip(found, -symbols.LARGEST, symbols.LARGEST).astype(np.int16)


def unpack(data: bytes, count: int, widths: tuple[int, ...]) -> tuple[NDArray[np.int8 | np.int16], int]:
    """The numbers, and how many bytes they left."""
    left = [memoryview(data)]

    def take(size: int) -> memoryview:
        if size > len(left[0]):
            raise FormatError("cut")
        taken, left[0] = left[0][:size], left[0][size:]
        return taken

    return symbols.unpack(take, count, widths), len(left[0])


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 1 << 32), count=st.integers(1, 300), exponent=st.floats(-4, 14))
def test_law_9_a_stream_is_read_as_it_was_written(seed: int, count: int, exponent: float) -> None:
    """Whatever its numbers are, in the levels that were chosen for them."""
    given_numbers = numbers(seed, count, 2**exponent)
    widths = symbols.choose(given_numbers)

    found, left = unpack(b"".join(symbols.pack(given_numbers, widths)), count, widths)

    assert np.array_equal(found, given_numbers)
    assert left == 0


@pytest.mark.parametrize("widths", CASCADES)
def test_every_cascade_can_be_read(widths: tuple[int, ...]) -> None:
    """Each set of levels, with numbers up to the largest that fit the last one."""
    last = symbols.LARGEST if widths[-1] == 16 else sum((1 << (width - 1)) - 1 for width in widths)
    given_numbers = np.array([0, 1, -1, last, -last] if last else [0, 0, 0], np.int16)

    data = b"".join(symbols.pack(given_numbers, widths))

    assert np.array_equal(unpack(data, len(given_numbers), widths)[0], given_numbers)


@pytest.mark.parametrize(("size", "most"), [(0.05, 1.6), (0.2, 1.3), (0.5, 1.06), (2, 1.06), (10, 1.06), (50, 1.06)])
def test_streams_are_close_to_their_entropy(size: float, most: float) -> None:
    """A stream takes a twentieth more than the order-0 entropy of its numbers; where hardly any is not zero, a half."""
    given_numbers = numbers(1, 100_000, size)
    shares = np.unique(given_numbers, return_counts=True)[1] / len(given_numbers)
    least = -(shares * np.log2(shares)).sum() * len(given_numbers) / 8

    coded = len(frames.compress(symbols.pack(given_numbers, symbols.choose(given_numbers))))

    assert least < coded < least * most + 300


def test_one_large_number_costs_little() -> None:
    """It goes on to a level of its own, and all others stay in few bits."""
    given_numbers = numbers(1, 20_000, 0.5)
    given_numbers = np.clip(given_numbers, -3, 3)
    other = given_numbers.copy()
    other[0] = 20_000

    sizes = [len(frames.compress(symbols.pack(each, symbols.choose(each)))) for each in (given_numbers, other)]

    assert sizes[1] < sizes[0] + 40


def test_rows_of_like_size_are_in_a_stream() -> None:
    """Rows fall by halves, and the last one that is not zero ends what is written."""
    rng = np.random.default_rng(1)
    sizes = np.array([40, 20, 10, 5, 2.5, 0])
    factor = np.rint(rng.standard_normal((6, 400)) * sizes[:, None]).astype(np.float32)

    streams, _pieces = symbols.write([factor, factor[2:]])

    assert [stream.rows for stream in streams] == [(1, 0), (1, 0), (1, 1), (1, 1), (1, 1)]


def test_rows_that_are_not_in_order_are_with_larger_ones() -> None:
    """Classes never rise within a factor, so that its rows are only counted."""
    factor = np.array([[1, 0, 0, 0], [100, 100, 100, 100], [0, 0, 0, 0]], np.float32)

    streams, _pieces = symbols.write([factor])

    assert [stream.rows for stream in streams] == [(2,)]


CASES: dict[str, tuple[tuple[int, ...], int, bytes]] = {
    "cut": ((8,), 2, bytes([127])),
    "a number goes on and there is no level": ((2,), 4, bytes([0b01_01_01_11])),
    "a level for numbers that do not go on": ((2, 16), 4, bytes([0b01_01_01_01])),
    "a number that goes on to 0": ((2, 8), 4, bytes([0b01_01_01_11, 127])),
    "zeros are missing after the last number": ((2,), 3, bytes([0b01_01_01_01])),
    "-32768": ((16,), 1, bytes([0x80, 0x80])),
    "above the largest once all levels are added": ((8, 16), 1, bytes([255, 0x80, 0x7F])),
    "below the smallest once all levels are added": ((8, 16), 1, bytes([255, 0x80, 0x81])),
}
"""The defect, and a stream that has it."""


@pytest.mark.parametrize("case", CASES)
def test_what_is_malformed_is_refused(case: str) -> None:
    """With an error of ours."""
    widths, count, data = CASES[case]

    with pytest.raises(FormatError):
        unpack(data, count, widths)
