"""The file of a baseline: as little as it takes to have the adapter back in another process.

    magic        8 bytes
    lengths      of the header's frame and of the header, 4 bytes each
    header       a zstd frame of JSON: the method and its knobs, every module with its shape and rank
    magnitudes   of DoRA, float32, module after module
    body         what the method writes

Its header is that of OSD files, so that none is ahead by its bookkeeping. What it reads was written here: no stranger's
file is expected, so that only what is cut short or too long is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from expertkit.adapters.lora import Factors, Lora
from expertkit.baselines.original import Original, Pair
from expertkit.errors import FormatError
from expertkit.files import canonical_json
from expertkit.osd.adapter import as_lora
from expertkit.osd.file import frames
from expertkit.osd.file.reading import Reader
from expertkit.osd.file.shape import Shape

MAGIC = b"OSDBASE\x01"
_PREFIX = 16
_MAGNITUDE = np.dtype("<f4")

Knob = int | float | str | bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class File:
    """A file whose body was not read yet."""

    method: str
    """Who can read the body."""
    knobs: Mapping[str, Knob]
    shapes: Mapping[str, Shape]
    """Module path to its shape and how many rows of it are in the body."""
    magnitudes: Mapping[str, NDArray[np.float32]]
    """Of DoRA; else empty."""
    body: memoryview

    def lora(self, pairs: Mapping[str, Pair]) -> Lora:
        """The adapter that the body holds; a module without rows is one of zeros."""
        return as_lora({name: _factors(pair, self.magnitudes.get(name)) for name, pair in pairs.items()})


def write(
    original: Original, body: bytes, *, method: str, knobs: Mapping[str, Knob], ranks: Mapping[str, int]
) -> bytes:
    """The file of a body."""
    shapes = {name: source.shape for name, source in original.sources.items()}
    magnitudes = [source.magnitude for source in original.sources.values() if source.magnitude is not None]
    header = canonical_json({
        "dora": bool(magnitudes),
        "knobs": dict(knobs),
        "method": method,
        "modules": [[name, *shape, ranks[name]] for name, shape in shapes.items()],
    })  # fmt: skip
    frame = frames.compress([header])
    lengths = len(frame).to_bytes(4, "little") + len(header).to_bytes(4, "little")
    return b"".join([MAGIC, lengths, frame, *(each.astype(_MAGNITUDE).tobytes() for each in magnitudes), body])


def read(data: bytes) -> File:
    """The file in bytes.

    Raises:
        FormatError: it is none.
    """
    reader = Reader(memoryview(data), file="baseline")
    if reader.take(len(MAGIC)) != MAGIC:
        raise FormatError("baseline: expected its magic number, got other bytes", offset=0)
    stored, raw = (int.from_bytes(reader.take(4), "little") for _ in range(2))
    header = json.loads(bytes(frames.decompress(reader.take(stored), size=raw)))
    shapes = {name: Shape(out=out, width=width, rank=rank) for name, out, width, rank in header["modules"]}
    magnitudes = {}
    if header["dora"]:
        magnitudes = {name: reader.numbers((shape.out,), "<f4").astype(np.float32) for name, shape in shapes.items()}
    return File(method=header["method"], knobs=header["knobs"], shapes=shapes, magnitudes=magnitudes, body=reader.left)


def _factors(pair: Pair, magnitude: NDArray[np.float32] | None) -> Factors:
    left, right = (np.ascontiguousarray(side if pair.rank else np.zeros((1, side.shape[1])), np.float32)
                   for side in pair.sides)  # fmt: skip
    return Factors(a=right, b=np.ascontiguousarray(left.T), magnitude=magnitude)
