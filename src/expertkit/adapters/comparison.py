"""Two adapters' tensors beside each other: which each has, and how far apart they are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from expertkit.adapters.tensors import decode


def measure_tensors(first: bytes, second: bytes) -> dict[str, Any]:
    """What differs between two safetensors files, as JSON values.

    Gives the names that only one of them has, and for each tensor that differs the Frobenius norms of both and of
    their difference, which is None where the shapes differ.

    Raises:
        FormatError: one of them is no adapter's file.
    """
    (before, _), (after, _) = decode(first), decode(second)
    return {
        "only_first": [name for name in before if name not in after],
        "only_second": [name for name in after if name not in before],
        "changed": {
            name: [_norm(before[name]), _norm(after[name]), _distance(before[name], after[name])]
            for name in before
            if name in after and not np.array_equal(before[name], after[name])
        },
    }


def _norm(values: NDArray[np.floating[Any]]) -> float:
    return float(np.linalg.norm(values.astype(np.float64)))


def _distance(first: NDArray[np.float32], second: NDArray[np.float32]) -> float | None:
    return _norm(first.astype(np.float64) - second) if first.shape == second.shape else None
