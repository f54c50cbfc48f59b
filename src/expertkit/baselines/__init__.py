"""What an OSD adapter is measured against: other ways to make an adapter small, each with a file that decodes again.

    original = Original.of(lora)
    for candidate in candidates("impart", original, budget=20_000):
        print(candidate.knobs, len(candidate.data), original.error(candidate.lora))

Every way tries its own knobs within the budget and fills it, so that what is compared is each at its best. MagTruncSVD
is no file of its own: it is OSD with the score ``mag`` and the codec ``f16``. Knows no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from expertkit.adapters.lora import Lora
from expertkit.baselines import compeft, impart, loraquant, rounding, truncation
from expertkit.baselines.files import File, Knob, read
from expertkit.baselines.original import Original, Pair

__all__ = ["METHODS", "Candidate", "Original", "best", "candidates", "decode"]

METHODS: Mapping[str, Callable[[Original, int], Iterator[bytes]]] = {
    "truncated": truncation.uniform,
    "truncated, global rank": truncation.by_worth,
    "int8 of B, A": partial(rounding.of_raw, width=8),
    "int4 of B, A": partial(rounding.of_raw, width=4),
    "int8 of components": partial(rounding.of_components, widths=(8,)),
    "int4 of components": partial(rounding.of_components, widths=(4,)),
    "int2 to int8 of components": partial(rounding.of_components, widths=(2, 3, 4, 5, 6, 8)),
    "impart": impart.tried,
    "compeft": compeft.tried,
    "loraquant": loraquant.tried,
}
"""Name to files within a budget of bytes."""

_DECODERS: Mapping[str, Callable[[File], dict[str, Pair]]] = {
    each.METHOD: each.decode for each in (truncation, rounding, impart, compeft, loraquant)
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """One way to set the knobs."""

    knobs: Mapping[str, Knob]
    data: bytes
    """The file."""
    lora: Lora
    """What it decodes to."""


def candidates(name: str, original: Original, budget: int) -> Iterator[Candidate]:
    """All that a method tries whose file has at most ``budget`` bytes; none where nothing is so small."""
    for data in METHODS[name](original, budget):
        yield Candidate(knobs=read(data).knobs, data=data, lora=decode(data))


def best(name: str, original: Original, budget: int) -> Candidate | None:
    """The one of least Frobenius error."""
    return min(candidates(name, original, budget), key=lambda each: original.error(each.lora), default=None)


def decode(data: bytes) -> Lora:
    """The adapter in a baseline's file.

    Raises:
        FormatError: it is malformed.
    """
    file = read(data)
    return file.lora(_DECODERS[file.method](file))
