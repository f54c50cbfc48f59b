"""The exact decomposition of an update by its factors beside that of the dense matrix: seconds and agreement.

``python -m benchmarks.decomposing`` prints them, for every shape of Qwen3-0.6B and each rank. Seconds are those of the
processor; whoever starts it says with ``OPENBLAS_NUM_THREADS=1`` that there is one thread.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median

import numpy as np

from benchmarks.packing import WIDTHS
from expertkit.adapters.svd import Array64, Svd, product_svd

RANKS = (16, 32)
_ROUNDS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """One shape at one rank."""

    rank: int
    shape: tuple[int, int]
    """(out, in)"""
    modules: int
    """How many of a layer have it."""
    dense: float
    """Seconds of numpy's decomposition of the dense matrix."""
    thin: float
    """Seconds of ours, the median of many."""
    difference: float
    """Of singular values at most, or of the products by Frobenius, as a share of the largest value."""


def time_all() -> list[Timed]:
    """Every shape at every rank."""
    shapes = Counter((out, width) for width, out in WIDTHS.values())
    return [_time(rank, shape, count) for rank in RANKS for shape, count in shapes.items()]


def _time(rank: int, shape: tuple[int, int], modules: int) -> Timed:
    draw = np.random.default_rng(rank)
    b, a = draw.standard_normal((shape[0], rank)), draw.standard_normal((rank, shape[1]))
    update = b @ a
    began = time.process_time()
    u, s, vt = np.linalg.svd(update, full_matrices=False)
    dense = time.process_time() - began
    ours = product_svd(b, a)
    return Timed(
        rank=rank, shape=shape, modules=modules, dense=dense, thin=_seconds(lambda: product_svd(b, a)),
        difference=_difference(ours, (u[:, :rank] * s[:rank]) @ vt[:rank], s),
    )  # fmt: skip


def _seconds(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(_ROUNDS):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return median(taken)


def _difference(ours: Svd, product: Array64, s: Array64) -> float:
    values = np.abs(ours.s - s[: ours.rank]).max()
    products = np.linalg.norm((ours.u * ours.s) @ ours.vt - product)
    return float(max(values, products) / s[0])


if __name__ == "__main__":
    print(json.dumps([asdict(each) for each in time_all()]))
