"""A large adapter compressed in a process of its own: ``python -m benchmarks.compressing [--sizes] CODEC:AMOUNT...``.

An amount is bits per source parameter (rdq), or a density (f16, int8). It prints as JSON what the first took and what
is to be had of its file, or the sizes of all files alone. The adapter has the shapes of Qwen3-0.6B at rank 32 and
seeded numbers with heavy tails: they serve sizes and times, and say nothing about how good a compressed adapter is.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from benchmarks.packing import LAYERS, WIDTHS, seconds_of
from expertkit.adapters import tensors
from expertkit.adapters.lora import Factors, Lora
from expertkit.osd import Compressed, Settings, decode, sources
from expertkit.osd.fusion import merged
from expertkit.osd.point import Point, compress_to
from expertkit.osd.settings import CODECS
from expertkit.osd.source import source_parameters

RANK = 32
SIZES = "--sizes"
_ROUNDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """What compressing took, and what is to be had of the file."""

    name: str
    """Codec and amount."""
    seconds: float
    """From the factors in memory to the bytes of the file."""
    processor: float
    """Seconds of all processors together."""
    peak: int
    """Bytes of memory at most, over those of the interpreter with its imports; those of the factors included."""
    size: int
    """Bytes of the file."""
    decode: float
    """Seconds until the adapter is back."""
    fuse: float
    """Seconds to bring it into all weights of the base, in place, float32."""


def make_large(rank: int = RANK) -> Lora:
    """Factors of Student's t with three degrees of freedom, whose rows differ in size."""
    draw = np.random.default_rng(1)
    modules = {
        f"model.layers.{layer}.{name}": Factors(a=_rows(draw, rank, width), b=_rows(draw, rank, out).T)
        for layer, (name, (width, out)) in product(range(LAYERS), WIDTHS.items())
    }
    return Lora(rank=rank, alpha=2.0 * rank, modules=modules)


def lora_size(rank: int) -> int:
    """Bytes of PEFT's file of such an adapter in float16."""
    shapes: dict[str, tuple[int, int]] = {}
    for layer, (name, (width, out)) in product(range(LAYERS), WIDTHS.items()):
        module = f"base_model.model.model.layers.{layer}.{name}"
        shapes |= {f"{module}.lora_A.weight": (rank, width), f"{module}.lora_B.weight": (out, rank)}
    return len(tensors.encode_header(shapes, "float16")) + sum(2 * rows * columns for rows, columns in shapes.values())


def as_point(text: str) -> Point:
    """Codec and amount of a command line."""
    name, _, amount = text.partition(":")
    codec = next(each for each in CODECS if each == name)
    if codec == "rdq":
        return Point(settings=Settings(rank=RANK, codec=codec), bits=float(amount))
    return Point(settings=Settings(rank=RANK, codec=codec, density=float(amount)))


def measure(lora: Lora, text: str, *, before: int) -> Took:
    """Compress, decode and fuse.

    Args:
        lora: the adapter.
        text: codec and amount.
        before: the peak of memory without the adapter.
    """
    began, used = time.monotonic(), time.process_time()
    small = compress(lora, text)
    seconds, processor, peak = time.monotonic() - began, time.process_time() - used, _peak() - before
    osd = decode(small.data)
    weights = {name: np.full(module.shape, 0.02, np.float32) for name, module in osd.modules.items()}
    return Took(
        name=text, seconds=seconds, processor=processor, peak=peak, size=len(small.data),
        decode=_median(lambda: decode(small.data)),
        fuse=_median(lambda: list(merged(osd, weights.__getitem__, is_in_place=True))),
    )  # fmt: skip


def compress(lora: Lora, text: str) -> Compressed:
    """The adapter and its file."""
    return compress_to(sources(lora), as_point(text), parameters=source_parameters(lora))


def _rows(draw: np.random.Generator, rank: int, width: int) -> NDArray[np.float32]:
    scales = draw.lognormal(0, 0.5, (rank, 1))
    return (0.02 * scales * draw.standard_t(3, (rank, width))).astype(np.float32)


def _median(work: Callable[[], object]) -> float:
    return median(seconds_of(work) for _ in range(_ROUNDS))


def _peak() -> int:
    """Not ru_maxrss, which begins with that of the process that started this one."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return 1024 * int(found[1]) if found else 0


def _main(first: str, *names: str) -> object:
    before = _peak()
    lora = make_large()
    if first != SIZES:
        return asdict(measure(lora, first, before=before))
    return {name: len(compress(lora, name).data) for name in names}


if __name__ == "__main__":
    print(json.dumps(_main(*sys.argv[1:])))
