"""An adapter's file in parts, one for each layer, so that a model is made ready from the first layer on.

Each part is a safetensors file of its own whose data begins at a multiple of 256 bytes, as a processor and a
graphics card like it; put together again, the parts give the file back byte for byte (docs/format.md, section 7).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from expertkit.adapters import dtypes, tensors
from expertkit.adapters.dtypes import DType
from expertkit.adapters.tensors import Data, Shape, Stored
from expertkit.errors import FormatError

ALIGNMENT = 256
"""Bytes."""
MOST = 1 << 16
"""Layers are numbered below this."""

_FORM = re.compile(
    rb"""\{"__metadata__":\{"format":"pt"\}"""
    rb"""(?:,"(?:[^"\\]|\\.)*+":\{"dtype":"\w++","shape":\[[\d,]++\],"data_offsets":\[[\d,]++\]\})++\} *+""",
    re.DOTALL,
)
"""Of a part's header, roughly: other JSON is not parsed, as a small text of it can be many times as large in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The tensors of one layer in a file of an adapter."""

    layer: int | None
    """None: of no layer."""
    head: bytes
    """What comes before the data in the part."""
    ranges: tuple[tuple[int, int], ...]
    """Where the data lies in the file, in the order in which it follows in the part."""

    @property
    def size(self) -> int:
        """Bytes of the part."""
        return len(self.head) + sum(end - begin for begin, end in self.ranges)


def layer_of(name: str) -> int | None:
    """The layer that a tensor belongs to by its name: the first part between dots that is a number.

    Raises:
        FormatError: no model has so many.
    """
    number = next((part for part in name.split(".") if part.isascii() and part.isdigit()), None)
    if number is None:
        return None
    digits = number.lstrip("0") or "0"
    if len(digits) > len(str(MOST)) or int(digits) >= MOST:
        raise FormatError(f"{name[:120]}: expected a layer below {MOST}, got {digits[:20]}")
    return int(digits)


def split(data: Data, *, size: int) -> tuple[tuple[Part, ...], DType]:
    """The parts of a file, and what its numbers are stored as.

    Args:
        data: the file, at least as far as its header goes.
        size: bytes of the whole file.

    Raises:
        FormatError: the file is malformed.
    """
    rows, start, dtype = tensors.read_rows(data, size=size)
    layers: dict[int | None, dict[str, tuple[int, int]]] = {}
    shapes: dict[str, Shape] = {}
    for name, entry in sorted(rows):
        begin, end = entry["data_offsets"]
        layers.setdefault(layer_of(name), {})[name] = (start + begin, start + end)
        shapes[name] = tuple(entry["shape"])
    parts = [
        Part(layer=layer, head=_head({name: shapes[name] for name in ranges}, dtype), ranges=tuple(ranges.values()))
        for layer, ranges in layers.items()
    ]
    return tuple(sorted(parts, key=lambda part: MOST if part.layer is None else part.layer)), dtype


def read_part(data: memoryview, *, layer: int | None) -> dict[str, Stored]:
    """The tensors in a part, sorted by name; their numbers are not looked at yet.

    Raises:
        FormatError: it is not the part that ``split`` gives of a file with these tensors in this layer.
    """
    end = tensors.header_end(data)
    if end <= len(data) and not _FORM.fullmatch(data[8:end]):
        raise FormatError("safetensors header: expected its one form, got another", offset=0)
    found = tensors.stored(data)
    odd = next((name for name in found if layer_of(name) != layer), None)
    if odd is not None:
        raise FormatError(f"safetensors, {odd}: expected tensors of layer {layer}, got one of {layer_of(odd)}")
    dtype = next(iter(found.values())).dtype
    head = _head({name: tensor.shape for name, tensor in found.items()}, dtype)
    if bytes(data[: len(head)]) != head:
        raise FormatError("safetensors header: expected its one form, got another", offset=0)
    return found


def check_finite(data: memoryview, found: Mapping[str, Stored]) -> None:
    """Return if all numbers in a part, or in another whole file, are finite.

    Args:
        data: the file.
        found: the tensors in it.

    Raises:
        FormatError: one is not.
    """
    size = sum(len(tensor.data) for tensor in found.values())
    dtype = next(iter(found.values())).dtype
    if dtypes.first_infinite(data[len(data) - size :], dtype) is not None:
        for tensor in found.values():
            tensor.check_finite()


def join_head(shapes: Mapping[str, Shape], kinds: Sequence[DType]) -> bytes:
    """What the whole file has before its data, which is that of all tensors sorted by name.

    Raises:
        FormatError: the parts differ in dtype.
    """
    found = sorted({*kinds})
    if len(found) != 1:
        raise FormatError(f"safetensors: expected parts of one dtype, got {', '.join(found)}")
    return tensors.encode_header(shapes, found[0])


def _head(shapes: Mapping[str, Shape], dtype: DType) -> bytes:
    try:
        return tensors.encode_header(shapes, dtype, alignment=ALIGNMENT)
    except UnicodeEncodeError as error:
        raise FormatError("safetensors header: expected names of characters, got half of one", offset=0) from error
