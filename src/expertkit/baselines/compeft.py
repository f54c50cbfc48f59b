"""ComPEFT (arXiv 2311.13171): of B and A the largest entries, each as its sign times one number.

The number is ``alpha`` times the standard deviation, and both it and the threshold are those of a tensor or of the
whole adapter. Positions are Rice codes of the gaps between them, or a bitmap where that is smaller.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import product
from typing import Literal

import numpy as np

from expertkit.adapters.svd import Array64
from expertkit.baselines.files import File, write
from expertkit.baselines.largest import largest
from expertkit.baselines.original import Original, Pair
from expertkit.osd.adapter import Mask
from expertkit.osd.file import indices
from expertkit.osd.file.reading import Reader
from expertkit.osd.masks import select_of_update

METHOD = "compeft"
Scope = Literal["tensor", "adapter"]
SCOPES: tuple[Scope, ...] = ("tensor", "adapter")
ALPHAS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
DENSITIES = (0.05, 0.1, 0.2, 0.3, 0.5)
_STEPS = 1000
"""Of the density where it is chosen by the budget."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """What is chosen."""

    density: float
    """Share of the entries that is kept."""
    alpha: float
    """What the standard deviation is multiplied by."""
    scope: Scope
    """Whose threshold and standard deviation they are."""


def encode(original: Original, knobs: Knobs) -> bytes:
    """The file of signs."""
    return _written(original, _body(original, knobs.density, knobs.scope), knobs)


def decode(file: File) -> dict[str, Pair]:
    """The signs, each times its number.

    Raises:
        FormatError: the body is too short or too long.
    """
    reader, alpha = Reader(file.body, file="baseline"), float(file.knobs["alpha"])
    found = {}
    for name, shape in file.shapes.items():
        left = alpha * _read(reader, (shape.rank, shape.out))
        found[name] = Pair(left=left, right=alpha * _read(reader, (shape.rank, shape.width)))
    reader.end()
    return found


def tried(original: Original, budget: int) -> Iterator[bytes]:
    """For both scopes and every alpha the files of the largest densities that fit."""
    for scope in SCOPES:
        bodies = _fitting(original, scope, budget)
        for (density, body), alpha in product(bodies.items(), ALPHAS):
            data = _written(original, body, Knobs(density=density, alpha=alpha, scope=scope))
            if len(data) <= budget:  # some alphas are longer in the header than others
                yield data


def _fitting(original: Original, scope: Scope, budget: int) -> dict[float, bytes]:
    """By density: the two largest of the usual ones, and the largest of all."""

    def body(density: float) -> bytes:
        return _body(original, density, scope)

    def fits(density: float) -> bool:
        knobs = Knobs(density=density, alpha=max(ALPHAS), scope=scope)
        return len(_written(original, body(density), knobs)) <= budget

    usual = [density for density in DENSITIES if fits(density)][-2:]
    most = largest([step / _STEPS for step in range(1, _STEPS + 1)], fits)
    return {density: body(density) for density in [*usual, *([most] if most else [])]}


def _written(original: Original, body: bytes, knobs: Knobs) -> bytes:
    ranks = {name: original.lora.modules[name].rank for name in original.sources}
    return write(original, body, method=METHOD, knobs=asdict(knobs), ranks=ranks)


def _body(original: Original, density: float, scope: Scope) -> bytes:
    sides = [side for pair in original.raw().values() for side in pair.sides]
    if scope == "tensor":
        return b"".join(_signs(side, select_of_update(side, density=density), float(side.std())) for side in sides)
    flat = np.concatenate([side.ravel() for side in sides])
    kept, deviation = select_of_update(flat[None], density=density)[0], float(flat.std())
    parts = np.split(kept, np.cumsum([side.size for side in sides])[:-1])
    return b"".join(_signs(side, part.reshape(side.shape), deviation)
                    for side, part in zip(sides, parts, strict=True))  # fmt: skip


def _signs(rows: Array64, kept: Mask, deviation: float) -> bytes:
    form = indices.choose(kept, "auto")
    head = np.array(deviation, "<f4").tobytes() + bytes([indices.FORMS.index(form)])
    return b"".join([head, indices.encode(kept, form), np.packbits(rows[kept] > 0).tobytes()])


def _read(reader: Reader, shape: tuple[int, int]) -> Array64:
    deviation = float(reader.numbers((), "<f4"))
    form = indices.FORMS[reader.take(1)[0]]
    kept, size = indices.decode(reader.left, shape, form)
    reader.take(size)
    count = int(np.count_nonzero(kept))
    signs = np.unpackbits(np.frombuffer(reader.take(-(-count // 8)), np.uint8), count=count)
    found = np.zeros(shape)
    found[kept] = deviation * (2.0 * signs - 1)
    return found
