"""A module with the codecs f32, f16 and int8 as bytes (docs/osd.md, section 3).

S, the magnitudes of DoRA, then U^T and V^T, each as the form of its indices (1 byte), the indices, the kept numbers;
where the whole update is kept, its masks come after them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from expertkit.errors import FormatError
from expertkit.osd.adapter import Array, Mask, Module
from expertkit.osd.file import indices, values
from expertkit.osd.file.reading import Reader
from expertkit.osd.file.shape import Shape
from expertkit.osd.settings import Settings


def write(module: Module, settings: Settings) -> list[bytes]:
    """The pieces of a module.

    Raises:
        ValueError: a number does not fit the codec.
    """
    head = [each.astype("<f4").tobytes() for each in (module.s, module.magnitude) if each is not None]
    factors = [piece for factor in (module.u, module.v) for piece in _factor(factor, settings)]
    masks = [*(module.masks or ()), *([module.mask] if module.mask is not None else [])]
    return [*head, *factors, *(piece for mask in masks for piece in _mask(mask, settings))]


def _factor(factor: Array, settings: Settings) -> list[bytes]:
    kept = np.ones(factor.shape, bool) if settings.keeps_whole else factor != 0
    numbers = factor[kept]
    data = values.encode(numbers, settings.codec)
    if not settings.keeps_whole and not values.decode(memoryview(data), len(numbers), settings.codec)[0].all():
        raise ValueError(f"expected numbers that were rounded to {settings.codec}, got some that would become 0")
    return [*_mask(kept, settings), data]


def _mask(kept: Mask, settings: Settings) -> list[bytes]:
    form = indices.choose(kept, settings.indices)
    return [bytes([indices.FORMS.index(form)]), indices.encode(kept, form)]


def read(reader: Reader, shape: Shape, settings: Settings, *, has_magnitudes: bool) -> Module:
    """A module.

    Raises:
        FormatError: the bytes are malformed.
    """
    s = reader.floats(shape.rank)
    magnitude = reader.floats(shape.out) if has_magnitudes else None
    u = _read_factor(reader, (shape.rank, shape.out), settings)
    v = _read_factor(reader, (shape.rank, shape.width), settings)
    found = Module(u=u, s=s, v=v, magnitude=magnitude)
    if settings.space == "delta":
        return replace(found, mask=_read_mask(reader, (shape.out, shape.width), settings))
    if settings.keeps_whole:
        return replace(found, masks=(_read_mask(reader, u.shape, settings), _read_mask(reader, v.shape, settings)))
    return found


def _read_mask(reader: Reader, shape: tuple[int, int], settings: Settings) -> Mask:
    number = reader.take(1)[0]
    if number >= len(indices.FORMS):
        raise FormatError(f"osd: expected a form of indices below {len(indices.FORMS)}, got {number}")
    kept, size = indices.decode(reader.left, shape, indices.FORMS[number])
    reader.take(size)
    form = indices.choose(kept, settings.indices)
    if indices.FORMS[number] != form:
        raise FormatError(f"osd: expected these indices as {form}, got {indices.FORMS[number]}")
    return kept


def _read_factor(reader: Reader, shape: tuple[int, int], settings: Settings) -> Array:
    kept = _read_mask(reader, shape, settings)
    numbers, size = values.decode(reader.left, int(np.count_nonzero(kept)), settings.codec)
    reader.take(size)
    if kept.all() if settings.keeps_whole else numbers.all():
        return _spread(numbers, kept)
    raise FormatError("osd: expected all entries of a whole factor, and none of zero in another, got others")


def _spread(numbers: Array, kept: Mask) -> Array:
    if len(numbers) == kept.size:
        return numbers.reshape(kept.shape)
    found = np.zeros(kept.shape, np.float32)
    found[kept] = numbers
    return found
