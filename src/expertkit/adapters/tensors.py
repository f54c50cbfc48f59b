"""The safetensors format: named matrices and vectors to bytes and back, one dtype per file.

Writing gives one byte form, the one that the safetensors library writes too: names sorted, one
metadata entry, the header padded with spaces to 8 bytes. Reading takes any file without holes, overlaps,
repeated names, unknown fields or numbers that are not finite, and believes no length before it
was compared with the bytes that are there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from expertkit.adapters import dtypes
from expertkit.adapters.dtypes import DType
from expertkit.errors import FormatError

Shape = tuple[int, ...]
"""Of a matrix (rows, columns) or of a vector."""

Data = bytes | bytearray | memoryview
"""A whole file."""

_BLOCK = 1 << 16
_LENGTH = 8  # bytes of the header's own length, little-endian
_MAX_HEADER = 8 << 20
MAX_TENSORS = 50_000
"""In one file; the largest mixtures of experts have as many layers."""
_METADATA = {"format": "pt"}
_CODES: dict[DType, str] = {"float32": "F32", "float16": "F16", "bfloat16": "BF16"}
_DTYPES = {code: dtype for dtype, code in _CODES.items()}

Row = tuple[str, dict[str, Any]]
"""A tensor's name and its entry in the header."""


def encode(tensors: Mapping[str, NDArray[np.float32]], dtype: DType) -> bytes:
    """A safetensors file of ``tensors``, each rounded to ``dtype``."""
    head = encode_header({name: values.shape for name, values in tensors.items()}, dtype)
    return b"".join([head, *(dtypes.encode(tensors[name], dtype) for name in sorted(tensors))])


def encode_header(shapes: Mapping[str, Shape], dtype: DType, *, alignment: int = 8) -> bytes:
    """What a safetensors file has before its data, which begins at a multiple of ``alignment`` bytes."""
    header: dict[str, Any] = {"__metadata__": _METADATA}
    at = 0
    for name in sorted(shapes):
        end = at + prod(shapes[name]) * dtypes.ITEM_SIZE[dtype]
        header[name] = {"dtype": _CODES[dtype], "shape": list(shapes[name]), "data_offsets": [at, end]}
        at = end
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-(_LENGTH + len(text)) % alignment)
    return len(text).to_bytes(_LENGTH, "little") + text


def decode(data: Data) -> tuple[dict[str, NDArray[np.float32]], DType]:
    """The tensors in a safetensors file, and the dtype they were stored in.

    Raises:
        FormatError: the file is malformed, mixes dtypes, or holds a number that is not finite.
    """
    found = stored(data)
    return {name: tensor.values() for name, tensor in found.items()}, next(iter(found.values())).dtype


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A tensor in the bytes of its file, before it is widened to float32."""

    name: str
    shape: Shape
    dtype: DType
    data: memoryview

    def values(self) -> NDArray[np.float32]:
        """All numbers, in their shape.

        Raises:
            FormatError: one of them is not finite.
        """
        return self._read(self.data).reshape(self.shape)

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """The numbers row by row, at most 65,536 at a time.

        Raises:
            FormatError: one of them is not finite.
        """
        size = _BLOCK * dtypes.ITEM_SIZE[self.dtype]
        for at in range(0, len(self.data), size):
            yield self._read(self.data[at : at + size])

    def array(self) -> NDArray[Any]:
        """A view of the numbers as they are stored, in their shape; of bfloat16, which numpy has not, of their bits."""
        kind = {"float32": "<f4", "float16": "<f2", "bfloat16": "<u2"}[self.dtype]
        return np.frombuffer(self.data, dtype=kind).reshape(self.shape)

    def check_finite(self) -> None:
        """Return if all numbers are finite, looking at their bits alone.

        Raises:
            FormatError: one of them is not.
        """
        if dtypes.first_infinite(self.data, self.dtype) is not None:
            raise FormatError(f"safetensors, {self.name}: expected finite numbers")

    def _read(self, data: memoryview) -> NDArray[np.float32]:
        values = dtypes.decode(data, self.dtype)
        if not np.isfinite(values).all():
            raise FormatError(f"safetensors, {self.name}: expected finite numbers")
        return values


def stored(data: Data) -> dict[str, Stored]:
    """The tensors in a safetensors file by name, sorted; their numbers are not looked at yet.

    Raises:
        FormatError: the file is malformed or mixes dtypes.
    """
    rows, start, dtype = read_rows(data, size=len(data))
    payload = memoryview(data)[start:]
    return {
        name: Stored(
            name=name, shape=tuple(entry["shape"]), dtype=dtype, data=payload[slice(*entry["data_offsets"])]
        )
        for name, entry in sorted(rows)
    }  # fmt: skip


class StreamCheck:
    """The same checks as in ``decode``, of a file that goes by in pieces and is kept nowhere."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._waiting = bytearray()  # the file up to the end of the header; then part of a number
        self._rows: list[Row] = []
        self._dtype: DType = "float32"
        self._checked = 0

    def feed(self, data: bytes | memoryview) -> None:
        """Check the next bytes of the file.

        Raises:
            FormatError: the file is malformed, mixes dtypes, or holds a number that is not finite.
        """
        self._waiting += data
        if not self._rows:
            length = int.from_bytes(self._waiting[:_LENGTH], "little")
            if len(self._waiting) < min(_LENGTH + min(length, _MAX_HEADER), self._size):
                return
            self._rows, start, self._dtype = read_rows(bytes(self._waiting), size=self._size)
            del self._waiting[:start]
        whole = len(self._waiting) - len(self._waiting) % dtypes.ITEM_SIZE[self._dtype]
        first = dtypes.first_infinite(bytes(self._waiting[:whole]), self._dtype)
        if first is not None:
            at = self._checked + first * dtypes.ITEM_SIZE[self._dtype]
            name = next(name for name, entry in self._rows if at < entry["data_offsets"][1])
            raise FormatError(f"safetensors, {name}: expected finite numbers")
        self._checked += whole
        del self._waiting[:whole]

    def end(self) -> dict[str, Shape]:
        """The shapes of the tensors, once all bytes were there.

        Raises:
            FormatError: there were too few for a header.
        """
        rows = self._rows or read_rows(bytes(self._waiting), size=self._size)[0]
        return {name: tuple(entry["shape"]) for name, entry in sorted(rows)}


def header_end(data: Data) -> int:
    """Where a file's header ends, as its first 8 bytes have it; nothing else is looked at."""
    return _LENGTH + int.from_bytes(data[:_LENGTH], "little")


def read_rows(data: Data, *, size: int) -> tuple[list[Row], int, DType]:
    """The tensor entries in the order of their data, where that starts, and its dtype.

    Args:
        data: the file, at least as far as its header goes.
        size: bytes of the whole file.

    Raises:
        FormatError: the header is malformed, or the tensors do not fill the file.
    """
    header, start = _read_header(data, size=size)
    if not header:
        raise FormatError("safetensors: expected at least one tensor, got none")
    rows = sorted(header.items(), key=lambda row: row[1]["data_offsets"])
    codes = {entry["dtype"] for entry in header.values()}
    if len(codes) != 1 or not codes <= _DTYPES.keys():
        raise FormatError(f"safetensors: expected one dtype of {', '.join(_DTYPES)}, got {', '.join(sorted(codes))}")
    dtype = _DTYPES[codes.pop()]
    _check_layout(rows, size=size - start, item_size=dtypes.ITEM_SIZE[dtype])
    return rows, start, dtype


def _read_header(data: Data, *, size: int) -> tuple[dict[str, dict[str, Any]], int]:
    """The tensor entries, and where their data starts in a file of ``size`` bytes."""
    length = int.from_bytes(data[:_LENGTH], "little")
    end = _LENGTH + length
    if len(data) < _LENGTH or length > min(_MAX_HEADER, size - _LENGTH) or len(data) < end:
        raise FormatError(f"safetensors header: expected to fit in {size} bytes, got a length of {length}", offset=0)
    try:
        header = json.loads(bytes(data[_LENGTH:end]).decode(), object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"safetensors header: expected strict JSON, got: {error}", offset=_LENGTH) from error
    if not isinstance(header, dict) or data[_LENGTH : _LENGTH + 1] != b"{":
        raise FormatError("safetensors header: expected an object", offset=_LENGTH)
    header.pop("__metadata__", None)
    if len(header) > MAX_TENSORS:
        raise FormatError(f"safetensors: expected at most {MAX_TENSORS} tensors, got {len(header)}")
    for name, entry in header.items():
        _check_entry(name, entry)
    return header, end


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key stands twice")
    return result


def _check_entry(name: str, entry: object) -> None:
    """An entry must be exactly a dtype, a shape of one or two sizes and a range."""
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise FormatError(f"safetensors, {name}: expected dtype, shape and data_offsets")
    if not isinstance(entry["dtype"], str):
        raise FormatError(f"safetensors, {name}: expected a dtype, got {entry['dtype']!r}")
    for key, lengths, least in (("shape", {1, 2}, 1), ("data_offsets", {2}, 0)):
        value = entry[key]
        if not isinstance(value, list) or len(value) not in lengths or not all(_is_size(each, least) for each in value):
            raise FormatError(f"safetensors, {name}: expected whole numbers as {key}, got {value!r}")


def _is_size(value: object, least: int) -> bool:
    return type(value) is int and least <= value < 2**48


def _check_layout(rows: list[Row], *, size: int, item_size: int) -> None:
    """Each tensor starts where the one before ended, and the last ends with the file."""
    at = 0
    for name, entry in rows:
        expected = [at, at + prod(entry["shape"]) * item_size]
        if entry["data_offsets"] != expected:
            raise FormatError(f"safetensors, {name}: expected bytes {expected}, got {entry['data_offsets']}")
        at = expected[1]
    if at != size:
        raise FormatError(f"safetensors: expected {at} bytes of data, got {size}")
