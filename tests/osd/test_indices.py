"""Masks are read as they were written, in as many bits as the formulas say, and in no other form."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from expertkit.errors import FormatError
from expertkit.osd.file import indices
from expertkit.osd.file.indices import FORMS, Form

SPARSE: tuple[Form, ...] = ("csr", "bitmap", "rice")


def mask(seed: int, rows: int, width: int, density: float) -> NDArray[np.bool_]:
    """A random mask."""
    found: NDArray[np.bool_] = np.random.default_rng(seed).random((rows, width)) < density
    return found


MASKS = st.builds(mask, st.integers(0, 1 << 32), st.integers(1, 9), st.integers(1, 40), st.floats(0, 1.1))


@pytest.mark.parametrize("form", SPARSE)
@settings(max_examples=60, deadline=None)
@given(kept=MASKS)
def test_law_9_what_is_written_is_read(form: Form, kept: NDArray[np.bool_]) -> None:
    """decode(encode(mask)) = mask, and what follows it is left alone."""
    data = indices.encode(kept, form)

    found, size = indices.decode(memoryview(data + b"more"), kept.shape, form)

    assert np.array_equal(found, kept)
    assert size == len(data)


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=60, deadline=None)
@given(kept=MASKS)
def test_law_9_predicted_bits_are_written_bits(form: Form, kept: NDArray[np.bool_]) -> None:
    """Each form has a formula, which is right to the bit."""
    assert indices.bits(kept, form) == 8 * len(indices.encode(kept, form))


@settings(max_examples=60, deadline=None)
@given(kept=MASKS)
def test_auto_is_the_smallest_form(kept: NDArray[np.bool_]) -> None:
    """And nothing at all where everything is kept."""
    form = indices.choose(kept, "auto")

    assert indices.bits(kept, form) == min(indices.bits(kept, each) for each in (FORMS if kept.all() else SPARSE))
    assert indices.choose(kept, "csr") == ("dense" if kept.all() else "csr")


@pytest.mark.parametrize("density", [0.01, 0.05, 0.1, 0.2, 0.3])
def test_rice_is_within_three_hundredths_of_the_entropy(density: float) -> None:
    """At random positions and up to 3 of 10 kept, the gaps take hardly more than they have to."""
    kept = mask(1, 64, 2048, density)
    share = kept.mean()
    least = kept.size * -(share * np.log2(share) + (1 - share) * np.log2(1 - share))

    assert indices.bits(kept, "rice") < 1.03 * least + 64


@pytest.mark.parametrize("width", [65_536, 65_537])
def test_columns_have_four_bytes_where_two_are_too_few(width: int) -> None:
    """65,536 columns have numbers of 2 bytes."""
    kept = np.zeros((2, width), bool)
    kept[:, [0, width - 1]] = True

    data = indices.encode(kept, "csr")

    assert len(data) == 4 * 3 + 4 * (2 if width == 65_536 else 4)
    assert np.array_equal(indices.decode(memoryview(data), kept.shape, "csr")[0], kept)


@pytest.mark.parametrize("form", SPARSE)
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (3, 3), (0, 5)])
def test_nothing_kept_is_a_mask_too(form: Form, shape: tuple[int, int]) -> None:
    """So is one of no rows."""
    kept = np.zeros(shape, bool)

    found, _size = indices.decode(memoryview(indices.encode(kept, form)), shape, form)

    assert np.array_equal(found, kept)


@pytest.mark.parametrize("form", SPARSE)
def test_every_mask_has_one_form(form: Form) -> None:
    """Whatever bytes are read as a mask are those that are written of it."""
    rng = np.random.default_rng(1)
    data = indices.encode(mask(1, 4, 9, 0.4), form)
    accepted = 0
    for _ in range(4000):
        changed = bytearray(data)
        changed[rng.integers(len(data))] = rng.integers(256)
        try:
            found, size = indices.decode(memoryview(changed), (4, 9), form)
        except FormatError:
            continue
        accepted += 1
        assert indices.encode(found, form) == changed[:size]
    assert accepted > 10


CASES = {
    "csr: fewer bytes than counts": ("csr", bytes(8)),
    "csr: counts fall": ("csr", np.array([0, 2, 1, 2], "<u4").tobytes() + np.array([0, 1], "<u2").tobytes()),
    "csr: the first is not 0": ("csr", np.array([1, 1, 1, 1], "<u4").tobytes() + np.array([0], "<u2").tobytes()),
    "csr: more in a row than columns": ("csr", np.array([0, 6, 6, 6], "<u4").tobytes() + bytes(12)),
    "csr: columns fall": ("csr", np.array([0, 2, 2, 2], "<u4").tobytes() + np.array([1, 0], "<u2").tobytes()),
    "csr: a column twice": ("csr", np.array([0, 2, 2, 2], "<u4").tobytes() + np.array([1, 1], "<u2").tobytes()),
    "csr: a column too far": ("csr", np.array([0, 1, 1, 1], "<u4").tobytes() + np.array([5], "<u2").tobytes()),
    "csr: fewer columns than counted": ("csr", np.array([0, 1, 1, 1], "<u4").tobytes()),
    "bitmap: cut": ("bitmap", bytes(1)),
    "bitmap: a bit after the last cell": ("bitmap", bytes([0, 1])),
    "rice: cut": ("rice", bytes(4)),
    "rice: more entries than cells": ("rice", bytes([16, 0, 0, 0, 0, 0, 0, 0])),
    "rice: four thousand million entries": ("rice", b"\xff\xff\xff\xff\x00"),
    "rice: more low bits than there are": ("rice", bytes([1, 0, 0, 0, 32, 0, 0, 0, 0, 0])),
    "rice: ones without end": ("rice", bytes([1, 0, 0, 0, 0]) + b"\xff" * 4),
    "rice: a gap out of the matrix": ("rice", bytes([1, 0, 0, 0, 4, 0b0111_1000])),
    "rice: low bits are missing": ("rice", bytes([1, 0, 0, 0, 10])),
    "rice: a parameter that takes more bits": ("rice", bytes([1, 0, 0, 0, 1, 0])),
    "rice: a bit after the last gap": ("rice", bytes([1, 0, 0, 0, 0, 1])),
}
"""The defect, and bytes of a mask of 3 x 5 that have it."""


@pytest.mark.parametrize("case", CASES)
def test_what_is_malformed_is_refused(case: str) -> None:
    """With an error of ours."""
    form, data = CASES[case]

    with pytest.raises(FormatError):
        indices.decode(memoryview(data), (3, 5), form)  # type: ignore[arg-type]


def test_six_million_gaps_are_read_in_a_second() -> None:
    """No gap has to be read before the next one."""
    kept = mask(1, 3000, 6000, 1 / 3)
    data = memoryview(indices.encode(kept, "rice"))

    begin = time.process_time()
    found, _size = indices.decode(data, kept.shape, "rice")
    taken = time.process_time() - begin

    assert np.array_equal(found, kept)
    assert taken < 1.5
