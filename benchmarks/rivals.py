"""One adapter made as small by every method there is: ``python -m benchmarks.rivals FOLDER`` prints what came of it.

A budget is the size of a file of truncSVD in float16 of some rank. Every method fills it with its own knobs at their
best by the exact Frobenius error, and what is measured is what its file decodes to.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import peft_conversion
from expertkit.adapters import CONFIG, TENSORS, Lora, decode
from expertkit.baselines import METHODS, Original, best, truncation
from expertkit.baselines import decode as decode_baseline
from expertkit.baselines.files import MAGIC, read
from expertkit.baselines.largest import largest
from expertkit.errors import ExpertError, PackagingError
from expertkit.files import read_json
from expertkit.osd import Settings, Source, fit
from expertkit.osd import decode as decode_osd
from expertkit.osd.settings import Codec, Score

RANKS = (1, 2, 4, 8, 12)
"""Whose files are the budgets."""
TRUNCATED, F16, RDQ = "truncated", "osd f16 fro", "osd rdq"
FIXED = ("int8 of B, A", "int4 of B, A")
"""Methods that cannot choose how large they are."""

Rival = tuple[bytes, Lora]
"""A file and what it decodes to."""

_MASKED: Mapping[str, tuple[Codec, Score]] = {
    "osd f32 mag": ("f32", "mag"), "osd f32 fro": ("f32", "fro"), "osd f16 mag, MagTruncSVD": ("f16", "mag"),
    F16: ("f16", "fro"), "osd int8 mag": ("int8", "mag"), "osd int8 fro": ("int8", "fro"),
}  # fmt: skip
_RELAXED = (1.5, 2.0, 3.0, 4.0)
"""Components that a mask chooses from, in ranks that the budget pays for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What came of a method."""

    error: float
    """Relative Frobenius distance from the source."""
    size: int
    """Bytes of the file."""
    how: str
    """Its knobs."""


def rivals(found: Mapping[str, Source], lora: Lora, budget: int) -> dict[str, Rival]:
    """Every method at its best within a budget of bytes; those that have nothing so small are left out.

    Args:
        found: the components of every module.
        lora: the adapter as it was trained.
        budget: of a file.
    """
    original = Original(lora=lora, sources=found)
    made = {name: best(name, original, budget) for name in METHODS}
    files = {name: each.data for name, each in made.items() if each is not None}
    files |= dict(peft_conversion.files(original, budget))
    files |= dict(_osd_files(original, budget))
    return {name: (data, read_lora(data)) for name, data in files.items() if len(data) <= budget}


def read_lora(data: bytes) -> Lora:
    """What a file of a method decodes to."""
    return decode_baseline(data) if data.startswith(MAGIC) else decode_osd(data).to_lora()


def budget_of(original: Original, rank: int) -> int:
    """Bytes of truncSVD of that rank."""
    return len(truncation.encode(original, rank))


def read_adapter(folder: Path) -> Lora:
    """The LoRA or DoRA in a folder that PEFT or this project wrote.

    Raises:
        ExpertError: it is of another kind, or malformed.
    """
    adapter = decode((folder / TENSORS).read_bytes(), read_json(folder / CONFIG))
    if not isinstance(adapter, Lora):
        raise ExpertError(f"{folder}: expected a LoRA or DoRA, got another kind of adapter")
    return adapter


def look(folder: Path) -> dict[str, dict[str, Found]]:
    """Rank of the budget to what came of each method; ``any`` has those that cannot choose their size."""
    lora = read_adapter(folder)
    original = Original.of(lora)
    looked = {}
    for rank in RANKS:
        made = rivals(original.sources, lora, budget_of(original, rank))
        looked[str(rank)] = {name: _found(original, *rival) for name, rival in made.items()}
    plain = {name: next(METHODS[name](original, sys.maxsize)) for name in FIXED}
    looked["any"] = {name: _found(original, data, decode_baseline(data)) for name, data in plain.items()}
    return looked


def _osd_files(original: Original, budget: int) -> Iterator[tuple[str, bytes]]:
    ranks = range(1, original.rank + 1)
    paid = largest(ranks, lambda rank: budget_of(original, rank) <= budget) or 1
    relaxed = sorted({min(round(paid * factor), original.rank) for factor in _RELAXED})
    for name, (codec, score) in _MASKED.items():
        yield from _best(name, original, [Settings(rank=k, codec=codec, score=score) for k in relaxed], budget)
    yield from _best(RDQ, original, [Settings(rank=original.rank, codec="rdq")], budget)


def _best(name: str, original: Original, settings: list[Settings], budget: int) -> Iterator[tuple[str, bytes]]:
    """The file of least error, if there is one that is so small."""
    tried = []
    for each in settings:
        try:
            tried.append(fit(original.sources, each, budget=budget))
        except PackagingError:
            continue
    if tried:
        yield name, min(tried, key=lambda small: small.error).data


def _found(original: Original, data: bytes, lora: Lora) -> Found:
    return Found(error=original.error(lora), size=len(data), how=_how(data))


def _how(data: bytes) -> str:
    if data.startswith(MAGIC):
        return ", ".join(f"{name} {value}" for name, value in read(data).knobs.items())
    settings = decode_osd(data).settings
    return f"rank {settings.rank} density {settings.density:.2f}"


if __name__ == "__main__":
    results = {
        rank: {name: asdict(each) for name, each in methods.items()}
        for rank, methods in look(Path(sys.argv[1])).items()
    }
    print(json.dumps(results))
