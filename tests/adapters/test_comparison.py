"""Two adapters' files, measured a block at a time."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from expertkit.adapters import measure_tensors
from expertkit.adapters.dtypes import DType
from expertkit.adapters.tensors import encode
from expertkit.errors import FormatError

SIZE = 1 << 22


def file(seed: int, *, dtype: DType = "float32", size: int = 200_000) -> bytes:
    """One large tensor and a small one."""
    numbers = np.random.default_rng(seed)
    large, small = numbers.standard_normal((2, size // 2)), numbers.standard_normal(3)
    return encode({"large": large.astype(np.float32), "small": small.astype(np.float32)}, dtype)


def test_norms_are_those_of_the_whole_tensors() -> None:
    """However many blocks there were; a tensor of another dtype is compared by its numbers."""
    first, second = (np.random.default_rng(seed).standard_normal((2, 100_000)).astype(np.float32) for seed in (1, 2))

    found = measure_tensors(encode({"a": first}, "float32"), encode({"a": second}, "float32"))
    same = measure_tensors(file(1, dtype="bfloat16"), file(1, dtype="bfloat16"))
    rounded = measure_tensors(file(1), file(1, dtype="bfloat16"))

    wanted = [np.linalg.norm(each.astype(np.float64)) for each in (first, second)]
    apart = np.linalg.norm(first.astype(np.float64) - second)
    assert found["changed"]["a"] == pytest.approx([*wanted, apart], rel=1e-12)
    assert same["changed"] == {}
    assert 0 < rounded["changed"]["large"][2] < 0.01 * rounded["changed"]["large"][0]


def test_the_smallest_difference_counts() -> None:
    """Its square is still a number."""
    numbers = np.zeros((1, 70_000), dtype=np.float32)
    changed = numbers.copy()
    changed[0, -1] = np.finfo(np.float32).smallest_subnormal

    found = measure_tensors(encode({"a": numbers}, "float32"), encode({"a": changed}, "float32"))

    assert found["changed"]["a"][2] > 0


def test_another_shape_and_numbers_that_are_none() -> None:
    """The first has no distance, the second is no adapter's file."""
    long, wide = (encode({"a": np.ones(shape, dtype=np.float32)}, "float32") for shape in ((2, 3), (3, 2)))

    found = measure_tensors(long, wide)

    assert found["changed"]["a"] == [pytest.approx(6**0.5), pytest.approx(6**0.5), None]
    with pytest.raises(FormatError, match="a: expected finite numbers"):
        measure_tensors(long, wide[:-4] + b"\xff" * 4)


def test_little_more_memory_is_taken_than_the_files_have() -> None:
    """One tensor of 8 MiB in each, which float64 would make four times as large."""
    first, second = (file(seed, dtype="bfloat16", size=SIZE) for seed in (1, 2))
    tracemalloc.start()

    measure_tensors(first, second)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < len(first) / 2
