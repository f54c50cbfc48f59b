"""The adapter's part of the second reader: a layer's section as docs/format.md section 7 has it, and nothing else."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

DTYPES = {1: ("F32", 4), 2: ("F16", 2), 3: ("BF16", 2)}
"""What safetensors calls the dtypes of entries, and the bytes of a number."""
MIB = 1 << 20
NO_LAYER = 0xFFFF_FFFF

_EXPONENTS: dict[str, tuple[Literal["I", "H"], int]] = {
    "F32": ("I", 0x7F80_0000),
    "F16": ("H", 0x7C00),
    "BF16": ("H", 0x7F80),
}


class Refused(Exception):  # noqa: N818
    """The file is no container; the message says where it goes wrong."""


class Tensor(NamedTuple):
    """A tensor with its bytes."""

    name: str
    dtype: str
    shape: list[int]
    data: bytes


def demand(holds: object, otherwise: str) -> None:
    """Go on if it holds."""
    if not holds:
        raise Refused(otherwise)


def align(number: int, multiple: int) -> int:
    """The smallest multiple that is at least the number."""
    return -(-number // multiple) * multiple


def read_part(raw: bytes, *, dtype: int, layer: int, place: str) -> list[Tensor]:
    """The tensors of an adapter section."""
    tensors = _tensors(raw, place)
    demand(tensors, f"{place}: no tensors")
    for tensor in tensors:
        demand(tensor.dtype == DTYPES[dtype][0], f"{place}: dtype of {tensor.name}")
        demand(_layer(tensor.name) == layer, f"{place}: layer of {tensor.name}")
        word, exponent = _EXPONENTS[tensor.dtype]
        numbers = memoryview(tensor.data).cast(word)
        demand(all(number & exponent != exponent for number in numbers), f"{place}: numbers of {tensor.name}")
    return tensors


def header_of(tensors: Sequence[Tensor], multiple: int) -> bytes:
    """The one header of these tensors, whose data begins at a multiple of so many bytes."""
    described: dict[str, object] = {"__metadata__": {"format": "pt"}}
    at = 0
    for tensor in tensors:
        offsets = [at, at + len(tensor.data)]
        described[tensor.name] = {"dtype": tensor.dtype, "shape": tensor.shape, "data_offsets": offsets}
        at = offsets[1]
    text = json.dumps(described, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (align(8 + len(text), multiple) - 8 - len(text))
    return len(text).to_bytes(8, "little") + text


def _tensors(raw: bytes, place: str) -> list[Tensor]:
    """The tensors of an adapter section, whose header must be the very one that this reader would write for them."""
    start = 8 + int.from_bytes(raw[:8], "little")
    demand(8 < start <= min(len(raw), 8 + 8 * MIB), f"{place}: length of the safetensors header")
    try:
        described = json.loads(raw[8:start].decode())
        tensors = list(_cut(described, raw[start:], place))
        tensors.sort(key=lambda tensor: tensor.name.encode())
        demand(sum(len(tensor.data) for tensor in tensors) == len(raw) - start, f"{place}: length of the tensors")
        demand(header_of(tensors, 256) == raw[:start], f"{place}: form of the safetensors header")
    except (ValueError, RecursionError) as error:
        raise Refused(f"{place}: safetensors header") from error
    return tensors


def _cut(described: Any, data: bytes, place: str) -> Iterator[Tensor]:
    """Tensors one after another, in the order in which the header names them."""
    demand(isinstance(described, dict), f"{place}: safetensors header")
    demand(len(described) <= 1 + 50_000, f"{place}: number of tensors")
    widths, at = dict(DTYPES.values()), 0
    for name, tensor in described.items():
        if name == "__metadata__":
            continue
        demand(isinstance(tensor, dict) and isinstance(tensor.get("shape"), list), f"{place}: {name}")
        demand(isinstance(tensor.get("dtype"), str) and tensor["dtype"] in widths, f"{place}: dtype of {name}")
        shape = tensor["shape"]
        demand(len(shape) in {1, 2}, f"{place}: shape of {name}")
        demand(all(type(count) is int and count >= 1 for count in shape), f"{place}: shape of {name}")
        length = math.prod(shape) * widths[tensor["dtype"]]
        demand(length <= len(data) - at, f"{place}: {name} ends after the section")
        yield Tensor(name, tensor["dtype"], shape, data[at : at + length])
        at += length


def _layer(name: str) -> int:
    """The layer that a tensor belongs to by its name."""
    number = next((part for part in name.split(".") if part.isascii() and part.isdigit()), None)
    if number is None:
        return NO_LAYER
    demand(len(number.lstrip("0")) <= 5 and int(number[-5:]) < 65_536, f"{name}: layer")
    return int(number[-5:])
