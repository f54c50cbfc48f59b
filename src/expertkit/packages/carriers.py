"""The file that carries an expert's adapter, and the tensors in it under PEFT's names, whichever file it is.

``adapter_model.safetensors`` holds them as they are. ``adapter_model.osd`` decodes to those of a LoRA or DoRA of
scale 1, and names and shapes of all of them follow from its header. ``adapter_config.json`` beside either is about
these tensors (docs/packaging.md, section 5).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from math import prod
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from expertkit import adapters
from expertkit.adapters import Adapter, Factors, Lora, Shape, describe_as, lora_files, peft, tensors, to_tensors
from expertkit.adapters.lora import leaves
from expertkit.adapters.tensors import Data
from expertkit.errors import FormatError
from expertkit.osd import Osd
from expertkit.osd.adapter import as_lora
from expertkit.osd.file import blob
from expertkit.osd.file.blob import FREE, RATIO, Header
from expertkit.packages import names

LARGEST = 1 << 30
"""Bytes of all tensors that an OSD file decodes to: a file that holds them as they are may be no larger."""

Named = dict[str, NDArray[np.float32]]
"""Tensors by PEFT's names."""
T = TypeVar("T")

_ZERO = bytes(4)
"""The one number of a hollow tensor."""


def find(members: Collection[str], *, file: str) -> str:
    """The name of the carrier among the members of a package, or the files of a folder.

    Args:
        members: names.
        file: what the package or folder is called in messages.

    Raises:
        FormatError: there is none, or more than one.
    """
    found = [name for name in names.CARRIERS if name in members]
    if len(found) != 1:
        got = "both" if found else "none"
        raise FormatError(f"{file}: expected {' or '.join(names.CARRIERS)}, got {got}")
    return found[0]


def is_osd(name: str) -> bool:
    """Whether a member, in whatever folder, is an OSD file."""
    return name.rpartition("/")[2] == names.OSD


def decode(name: str, data: Data, config: Mapping[str, Any]) -> Adapter:
    """The adapter in a carrier of that name, with the content of ``adapter_config.json``.

    Raises:
        FormatError: a file is malformed, the two disagree, or the adapter has no low rank.
    """
    if not is_osd(name):
        return adapters.decode(data, config)
    named = _decode_osd(data)
    check_config(name, {tensor: values.shape for tensor, values in named.items()}, config)
    return peft.assemble(named, config, dtype="float32")


def check_config(name: str, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> None:
    """Return if the content of an ``adapter_config.json`` is about the tensors of a carrier, and of scale 1 for OSD.

    Raises:
        FormatError: it is not.
    """
    adapters.check_config(shapes, config)
    if not is_osd(name):
        return
    named = {tensor: _zeros(shape) for tensor, shape in shapes.items()}
    lora = cast("Lora", peft.assemble(named, config, dtype="float32"))
    odd = next((module for module in lora.modules if lora.scale(module) != 1), None)
    if odd is not None:
        message = f"{names.ADAPTER_CONFIG}, {odd}: expected an alpha that makes its scale 1, got {lora.scale(odd)}"
        raise FormatError(message)


def describe(name: str, shapes: Mapping[str, Shape]) -> str:
    """What the adapter in a carrier is, in words, as a manifest has it; or why its tensors are no adapter of ours."""
    try:
        if not is_osd(name):
            return adapters.describe(shapes)
        _kind, ranks = lora_files.ranks(shapes)
    except FormatError as error:
        return str(error)
    return describe_as("osd", rank=max(ranks.values()), modules=leaves(ranks))


def as_safetensors(name: str, data: Data) -> Data:
    """The tensors in a carrier as a safetensors file, which it may be already.

    Raises:
        FormatError: it is OSD, and malformed or of no low rank.
    """
    return tensors.encode(_decode_osd(data), "float32") if is_osd(name) else data


def read_header(data: memoryview) -> Header:
    """What an OSD file is, and that its tensors are those of a LoRA; no number is looked at.

    Raises:
        FormatError: it is malformed, has no low rank, or decodes to more than is believed.
    """
    header = blob.read_header(data)
    if header.settings.space == "delta":
        message = "osd: expected a mask of factors, got one of the update, which has no low rank and cannot be packed"
        raise FormatError(message, hint="merge it into the base's weights instead")
    count = len(header.shapes) * (3 if header.has_magnitudes else 2)
    if count > tensors.MAX_TENSORS:
        raise FormatError(f"osd: expected at most {tensors.MAX_TENSORS} tensors, got {count}")
    size, most = sum(map(size_of, shapes(header).values())), min(LARGEST, FREE + RATIO * len(data))
    if size > most:
        raise FormatError(f"osd: expected at most {most} bytes of tensors in {len(data)} bytes, got {size}")
    return header


def shapes(header: Header) -> dict[str, Shape]:
    """The shapes of the tensors that an OSD file decodes to, by PEFT's names."""
    return {name: values.shape for name, values in to_tensors(hollow(header)).items()}


def size_of(shape: Shape) -> int:
    """Bytes of a decoded tensor of that shape."""
    return len(_ZERO) * prod(shape)


def hollow(header: Header) -> Lora:
    """The adapter that an OSD file decodes to, with zeros for all numbers, which take no room."""
    modules = {}
    for name, shape in header.shapes.items():
        rank = _rank(header, name)
        magnitude = _zeros((shape.out,)) if header.has_magnitudes else None
        modules[name] = Factors(a=_zeros((rank, shape.width)), b=_zeros((shape.out, rank)), magnitude=magnitude)
    return as_lora(modules)


def read_group(data: memoryview, header: Header, number: int) -> Named:
    """The tensors of a group of an OSD file.

    Raises:
        FormatError: it is malformed, or a number is not finite.
    """
    modules = blob.read_group(data, header, number)
    with np.errstate(over="ignore", invalid="ignore"):
        named = to_tensors(Osd(modules=modules, settings=header.settings).to_lora())
    odd = next((name for name, values in named.items() if not np.isfinite(values).all()), None)
    if odd is not None:
        raise FormatError(f"osd, {odd}: expected finite numbers")
    return named


def check_numbers(data: memoryview, header: Header) -> None:
    """Return if every group of an OSD file is sound; few are in memory at a time.

    Raises:
        FormatError: one is malformed, or a number is not finite.
    """
    _of_groups(header, lambda number: read_group(data, header, number).clear())


def _decode_osd(data: Data) -> Named:
    view = memoryview(data)
    header = read_header(view)
    found = _of_groups(header, partial(read_group, view, header))
    return {name: values for named in found for name, values in named.items()}


def _of_groups(header: Header, read: Callable[[int], T]) -> list[T]:
    """What is read of each group; groups are read side by side."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(read, range(len(header.sizes))))


def _zeros(shape: Shape) -> NDArray[np.float32]:
    """One zero, seen as an array."""
    return np.ndarray(shape, np.float32, _ZERO, strides=(0,) * len(shape))


def _rank(header: Header, module: str) -> int:
    """Of the decoded factors: blended ones are two beside each other, and no component at all is one of zeros."""
    rank = header.shapes[module].rank
    return max(1, 2 * rank if header.settings.keeps_whole else rank)
