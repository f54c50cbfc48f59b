"""ImPart (arXiv 2504.13237): entries of singular vectors are dropped by chance, the less the vector is worth the more.

Component k of a module loses an entry with the probability

    p_k = (1 - (s_k / s_1)^C) gamma         1 for the last share beta of the components

and what is left is multiplied by 1 / (1 - p_k), so that the update is met on average. Which entries are left follows
from a seed, and costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from expertkit.adapters.svd import Array64
from expertkit.baselines.files import File, write
from expertkit.baselines.largest import largest
from expertkit.baselines.original import Original, Pair
from expertkit.osd.file import values
from expertkit.osd.file.reading import Reader

METHOD = "impart"
CURVES = (0.5, 1.0, 2.0)
TAILS = (0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 0.9375)
_LEVELS = 64
"""Of gamma: 0, 1/64, ... 1."""
_ONE = 1 << 16
"""Probabilities are multiples of its inverse, so that they come back as they were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """What is chosen."""

    curve: float
    """C: how fast components lose their entries."""
    tail: float
    """beta: share of the components that is dropped whole."""
    strength: float
    """gamma: what the last components lose at most."""
    seed: int = 0


def encode(original: Original, knobs: Knobs) -> bytes:
    """The file of what is left.

    Raises:
        ValueError: a number does not fit float16.
    """
    rank = max(1, round((1 - knobs.tail) * original.rank))
    pairs, draw = original.components(rank), _Draw(knobs.seed)
    pieces = []
    for name, pair in pairs.items():
        dropped = _dropped(original.sources[name].svd.s[: pair.rank], knobs)
        pieces.append(dropped.astype("<u2").tobytes())
        pieces += [_kept(side, dropped, draw) for side in pair.sides]
    ranks = {name: pair.rank for name, pair in pairs.items()}
    return write(original, b"".join(pieces), method=METHOD, knobs=asdict(knobs), ranks=ranks)


def decode(file: File) -> dict[str, Pair]:
    """What is left, with zeros between.

    Raises:
        FormatError: the body is too short or too long.
    """
    reader, draw = Reader(file.body, file="baseline"), _Draw(int(file.knobs["seed"]))
    found = {}
    for name, shape in file.shapes.items():
        dropped = reader.numbers((shape.rank,), "<u2").astype(np.int64)
        left = _read(reader, dropped, shape.out, draw)
        found[name] = Pair(left=left, right=_read(reader, dropped, shape.width, draw))
    reader.end()
    return found


def tried(original: Original, budget: int) -> Iterator[bytes]:
    """For every curve and tail the file that drops least by chance; none beside one that need not drop any."""
    for curve in CURVES:
        for tail in TAILS:
            ways = [Knobs(curve=curve, tail=tail, strength=level / _LEVELS) for level in range(_LEVELS, -1, -1)]
            knobs = largest(ways, lambda knobs: len(encode(original, knobs)) <= budget)
            if knobs is not None:
                yield encode(original, knobs)
            if knobs is not None and knobs.strength == 0:
                break


class _Draw:
    """Whole numbers below ``_ONE`` by chance; the same ones from the same seed, whatever the version of numpy."""

    def __init__(self, seed: int) -> None:
        self._bits = np.random.PCG64(seed)

    def numbers(self, shape: tuple[int, int]) -> NDArray[np.int64]:
        drawn: NDArray[np.uint64] = np.asarray(self._bits.random_raw(shape[0] * shape[1]), np.uint64)
        found: NDArray[np.int64] = (drawn.reshape(shape) >> np.uint64(48)).astype(np.int64)
        return found


def _dropped(s: Array64, knobs: Knobs) -> NDArray[np.int64]:
    """The probability of each component in multiples of 1 / ``_ONE``, below 1."""
    p = (1 - (s / s.max(initial=0)) ** knobs.curve) * knobs.strength
    found: NDArray[np.int64] = np.minimum(np.rint(p * _ONE), _ONE - 1).astype(np.int64)
    return found


def _kept(rows: Array64, dropped: NDArray[np.int64], draw: _Draw) -> bytes:
    grown = rows * (_ONE / (_ONE - dropped))[:, None]
    kept = draw.numbers(rows.shape) >= dropped[:, None]
    return values.encode(grown[kept].astype(np.float32), "f16")


def _read(reader: Reader, dropped: NDArray[np.int64], width: int, draw: _Draw) -> Array64:
    kept = draw.numbers((len(dropped), width)) >= dropped[:, None]
    found = np.zeros(kept.shape)
    found[kept] = reader.numbers((int(np.count_nonzero(kept)),), "<f2")
    return found
