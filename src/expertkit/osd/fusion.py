"""An adapter in the weights of its base: a matrix at a time, of an adapter in memory or of a file as it is read.

    merged      fuse, merged: W' in place of W, and nothing is left to compute when the model runs
    unmerged    Osd.to_lora: W stays, and the factors are multiplied beside it, by any program that knows LoRA
    streamed    streamed: merged from the bytes of a file, of which one group is read at a time

    W' = W + (1 - alpha) D + alpha D'                    of a LoRA
    W' = diag(m / |W + (1 - alpha) D + alpha D'|) (...)  of a DoRA: rows of W' have the norms m, whatever became of D

All in float32; whoever has weights of another type makes them float32, and W' what they were. Only what has a matrix D
can come here, so no IA3 and no soft prompt.

Products are computed in tiles: those are too small for BLAS to share among threads of its own, which wait for each
other where processors are busy, and their sums are the same however many threads there are.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from expertkit.errors import CompatibilityError
from expertkit.osd.adapter import Array, Module, Osd
from expertkit.osd.file.blob import read_group, read_header

Weights = Callable[[str], Array]
"""Module path to the base's weight (out, in), float32."""

_BLOCK = 1 << 17
"""Entries of a matrix that are worked on at a time: they stay in a processor's cache."""
_TILE = 64
"""Rows and columns of a tile."""


def fuse(
    weight: Array, module: Module, alpha: float, *, out: Array | None = None, threads: int | None = None
) -> Array:  # fmt: skip
    """W' of one module.

    Args:
        weight: (out, in), float32.
        module: what is kept of its update.
        alpha: that of the adapter's settings.
        out: where W' goes, if not into a new matrix; may be ``weight``.
        threads: as many as processors if None.

    Raises:
        CompatibilityError: the weight has another shape, or a row of zeros that is to have a norm.
        ValueError: it is not float32.
    """
    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        return _fuse(weight, module, alpha, out=out, pool=pool)


def merged(
    osd: Osd, weights: Weights, *, is_in_place: bool = False, threads: int | None = None
) -> Iterator[tuple[str, Array]]:  # fmt: skip
    """Each module's path and W', one at a time.

    Args:
        osd: the adapter.
        weights: asked once for each module.
        is_in_place: whether what ``weights`` gives is overwritten; of one that is refused, some rows may be by then.
        threads: as many as processors if None.

    Raises:
        CompatibilityError, ValueError: as ``fuse``, with the module's path.
    """
    return _fuse_each(osd.modules.items(), osd.settings.alpha, weights, is_in_place=is_in_place, threads=threads)


def streamed(
    data: bytes | memoryview, weights: Weights, *, is_in_place: bool = False, threads: int | None = None
) -> Iterator[tuple[str, Array]]:  # fmt: skip
    """The same of an adapter's file, in its order, of which one group is read at a time.

    Args:
        data: the file, which may be mapped.
        weights: asked once for each module.
        is_in_place: whether what ``weights`` gives is overwritten.
        threads: as many as processors if None.

    Raises:
        FormatError: the file is malformed; a group is looked at only when it is its turn.
        CompatibilityError, ValueError: as ``fuse``, with the module's path.
    """
    view = memoryview(data)
    header = read_header(view)
    groups = (read_group(view, header, number) for number in range(len(header.sizes)))
    modules = (pair for group in groups for pair in group.items())
    return _fuse_each(modules, header.settings.alpha, weights, is_in_place=is_in_place, threads=threads)


def _fuse_each(
    modules: Iterable[tuple[str, Module]], alpha: float, weights: Weights, *, is_in_place: bool, threads: int | None
) -> Iterator[tuple[str, Array]]:
    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        for name, module in modules:
            weight = weights(name)
            try:
                fused = _fuse(weight, module, alpha, out=weight if is_in_place else None, pool=pool)
            except CompatibilityError as error:
                raise CompatibilityError(f"{name}: {error}") from error
            yield name, fused


def _fuse(weight: Array, module: Module, alpha: float, *, out: Array | None, pool: ThreadPoolExecutor) -> Array:
    if weight.dtype != np.float32 or (out is not None and (out.dtype, out.shape) != (weight.dtype, weight.shape)):
        raise ValueError(f"weight: expected float32, and out the same, got {weight.dtype}")
    if weight.shape != module.shape:
        raise CompatibilityError(f"weight: expected shape {module.shape}, got {weight.shape}")
    fused = np.empty_like(weight) if out is None else out
    left, right = (_padded(side) for side in module.sides(alpha))
    fusing = _Fusing(weight=weight, module=module, alpha=alpha, left=left, right=right, fused=fused)
    count, width = weight.shape
    height = max(_BLOCK // width // _TILE, 1) * _TILE
    for _ in pool.map(fusing.fuse_rows, (slice(start, start + height) for start in range(0, count, height))):
        pass
    return fused


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Fusing:
    """One matrix, rows of which are fused side by side."""

    weight: Array
    module: Module
    alpha: float
    left: Array
    """(k, out) and some columns of zeros."""
    right: Array
    """(k, in) and some columns of zeros."""
    fused: Array

    def fuse_rows(self, rows: slice) -> None:
        """Fill in these rows; the first one is that of a tile."""
        fused = self.fused[rows]
        update = _product(self.left[:, rows.start : rows.start + len(fused) + -len(fused) % _TILE], self.right)
        update = update[: len(fused), : fused.shape[1]]
        shares = self.module.shares(self.alpha, rows)
        if shares is not None:
            update *= shares
        np.add(self.weight[rows], update, out=fused)
        if self.module.magnitude is not None:
            _give_norms(fused, self.module.magnitude[rows], first=rows.start)


def _give_norms(fused: Array, norms: Array, *, first: int) -> None:
    """Make rows as long as they are to be."""
    lengths = np.sqrt(np.vecdot(fused, fused))
    odd = np.flatnonzero((lengths == 0) & (norms != 0))
    if len(odd):
        raise CompatibilityError(f"weight, row {first + odd[0]}: expected one that can have a norm, got zeros")
    fused *= (norms / np.where(lengths > 0, lengths, np.float32(1)))[:, None]


def _product(left: Array, right: Array) -> Array:
    """``left^T right``, of (k, rows) and (k, columns), whole tiles each."""
    k, rows, columns = *left.shape, right.shape[1]
    found = np.empty((rows, columns), np.float32)
    tiles = found.reshape(rows // _TILE, _TILE, columns // _TILE, _TILE).swapaxes(1, 2)
    down = left.reshape(k, rows // _TILE, _TILE).transpose(1, 2, 0)[:, None]
    np.matmul(down, right.reshape(k, columns // _TILE, _TILE).swapaxes(0, 1), out=tiles)
    return found


def _padded(side: Array) -> Array:
    """With zeros after its last column, so that tiles are whole."""
    return np.pad(side, [(0, 0), (0, -side.shape[1] % _TILE)])
