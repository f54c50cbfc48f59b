"""Two adapters' tensors beside each other: which each has, and how far apart they are.

Numbers are widened a block at a time, so that comparing takes little more memory than the two files.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from expertkit.adapters.tensors import Data, Stored, stored


def measure_tensors(first: Data, second: Data) -> dict[str, Any]:
    """What differs between two safetensors files, as JSON values.

    Gives the names that only one of them has, and for each tensor that differs the Frobenius norms of both and of
    their difference, which is None where the shapes differ.

    Raises:
        FormatError: one of them is no adapter's file.
    """
    before, after = stored(first), stored(second)
    measured = {name: _measure(before[name], after[name]) for name in before if name in after}
    return {
        "only_first": [name for name in before if name not in after],
        "only_second": [name for name in after if name not in before],
        "changed": {name: norms for name, norms in measured.items() if norms[2] != 0},
    }


def _measure(first: Stored, second: Stored) -> list[float | None]:
    """The norms of both, and of their difference."""
    if first.shape != second.shape:
        return [_norm(first), _norm(second), None]
    squares = np.zeros(3)
    for pair in zip(first.blocks(), second.blocks(), strict=True):
        before, after = (block.astype(np.float64) for block in pair)
        apart = before - after
        squares += (before @ before, after @ after, apart @ apart)
    return [float(norm) for norm in np.sqrt(squares)]


def _norm(tensor: Stored) -> float:
    blocks = (block.astype(np.float64) for block in tensor.blocks())
    return float(np.sqrt(sum(block @ block for block in blocks)))
