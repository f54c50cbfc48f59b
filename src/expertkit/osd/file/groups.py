"""The modules of a group as bytes: one after another, or in whole numbers all together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from expertkit.osd.adapter import Module
from expertkit.osd.file import masked, rdq
from expertkit.osd.file.reading import Reader
from expertkit.osd.file.shape import Shape
from expertkit.osd.settings import Settings


def encode(modules: Sequence[Module], settings: Settings) -> bytes:
    """The modules as bytes.

    Raises:
        ValueError: a number is not finite, or does not fit the codec.
    """
    exact = [each for module in modules for each in (module.s, module.magnitude) if each is not None]
    if not all(np.isfinite(each).all() for each in exact):
        raise ValueError("expected finite numbers, got others")
    if settings.codec == "rdq":
        return rdq.write(modules)
    return b"".join(piece for module in modules for piece in masked.write(module, settings))


def decode(data: memoryview, shapes: Sequence[Shape], settings: Settings, *, has_magnitudes: bool) -> list[Module]:
    """The modules of these shapes.

    Raises:
        FormatError: the bytes are malformed, or something follows them.
    """
    if settings.codec == "rdq":
        return rdq.read(data, shapes, has_magnitudes=has_magnitudes)
    reader = Reader(data)
    found = [masked.read(reader, shape, settings, has_magnitudes=has_magnitudes) for shape in shapes]
    reader.end()
    return found
