"""Small OSD files whose numbers are written down here, so that no computer's arithmetic is in them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from expertkit.files import write_bytes
from expertkit.osd import Module, Osd, Settings, encode

FOLDER = Path(__file__).parent / "osd"


def pattern(rows: int, width: int, *, step: int, density: int) -> NDArray[np.float32]:
    """Whole numbers from -6 to 6, but for one of each ``density`` of which the others are 0."""
    at = np.arange(rows * width)
    found = np.where(at % density == 0, at * step % 13 - 6, 0)
    return found.astype(np.float32).reshape(rows, width)


def example() -> Osd:
    """The one that docs/osd.md takes apart: two components of 4 x 3, of which seven numbers are kept."""
    u = np.array([[1, 0, 0, -2], [0, 0.5, 0.25, 0]], np.float32)
    v = np.array([[0, 3, 0], [-1, 0, 1]], np.float32)
    module = Module(u=u, s=np.array([2, -1], np.float32), v=v)
    return Osd(modules={"layers.0.q_proj": module}, settings=Settings(rank=2, density=0.5, indices="bitmap"))


def whole_example() -> Osd:
    """The same in whole numbers, one of which has to go on to a next level."""
    u = np.array([[3, 0, -1, 12], [1, 0, 0, -1]], np.float32)
    v = np.array([[-9, 1, 0], [0, -1, 0]], np.float32)
    module = Module(u=u, s=np.array([0.5, 0.25], np.float32), v=v)
    return Osd(modules={"layers.0.q_proj": module}, settings=Settings(rank=2, codec="rdq", density=0.5))


def quantised(*, has_magnitudes: bool = False) -> Osd:
    """Whole numbers of several sizes, in two layers and a module of none."""
    shapes = {"layers.0.q_proj": (24, 16), "layers.1.q_proj": (24, 16), "lm_head": (40, 16)}
    modules = {}
    for at, (name, (out, width)) in enumerate(shapes.items()):
        u, v = (pattern(3, size, step=5 + at, density=2) for size in (out, width))
        u[0] *= 50
        u[1, 0] = 20_000
        u[2, 1:] = 0
        norms = np.arange(1, out + 1, dtype=np.float32) / 8 if has_magnitudes else None
        modules[name] = Module(u=u, s=np.array([0.5, 0.25, -0.125], np.float32), v=v, magnitude=norms)
    return Osd(modules=modules, settings=Settings(rank=4, codec="rdq", density=0.25))


def masked(settings: Settings) -> Osd:
    """Numbers that every codec holds as they are: groups of int8 have 127 in them."""
    u, v = (pattern(2, size, step=5, density=3) for size in (20, 12))
    u[0, 0], v[0, 0] = 127, -127
    module = Module(u=u, s=np.array([0.5, 0.25], np.float32), v=v)
    if settings.space == "delta":
        module = replace(module, mask=pattern(20, 12, step=7, density=4) != 0)
    elif settings.keeps_whole:
        module = replace(module, masks=(u > 0, v > 0))
    return Osd(modules={"layers.7.o_proj": module}, settings=settings)


FILES: dict[str, Osd] = {
    "example": example(),
    "example-rdq": whole_example(),
    "f32-rice": masked(Settings(rank=2, codec="f32", density=0.3, indices="rice")),
    "f16-auto": masked(Settings(rank=2, density=0.3)),
    "int8-csr": masked(Settings(rank=2, codec="int8", density=0.3, indices="csr")),
    "int8-blended": masked(Settings(rank=2, codec="int8", density=0.3, alpha=0.25)),
    "f16-delta": masked(Settings(rank=2, density=0.25, space="delta", alpha=0.5)),
    "rdq": quantised(),
    "rdq-dora": quantised(has_magnitudes=True),
}
"""Name of the file to the adapter that it holds."""


def write_files() -> None:
    """Replace the files."""
    FOLDER.mkdir(exist_ok=True)
    for name, osd in FILES.items():
        write_bytes(FOLDER / f"{name}.osd", encode(osd))
