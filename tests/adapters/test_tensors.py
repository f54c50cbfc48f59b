"""The safetensors format: one byte form out, nothing malformed in."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import numpy as library

from expertkit.adapters.dtypes import DTYPES, DType
from expertkit.adapters.tensors import Shape, StreamCheck, decode, encode
from expertkit.errors import FormatError

TWO = {"b": np.arange(6, dtype=np.float32).reshape(2, 3), "a": np.ones((1, 2), dtype=np.float32)}


def raw(header: object, payload: bytes = b"", *, pad: bytes = b"") -> bytes:
    """A file from a header and its data, right or wrong."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text + pad).to_bytes(8, "little") + text + pad + payload


def entry(*, dtype: str = "F32", shape: Any = (1, 1), data_offsets: Any = (0, 4), **more: Any) -> dict[str, Any]:
    """A tensor's header entry."""
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(data_offsets), **more}


def test_the_bytes_are_those_of_the_library() -> None:
    """Our writer and the safetensors library agree byte for byte."""
    assert encode(TWO, "float32") == library.save(TWO, metadata={"format": "pt"})


def test_the_order_of_tensors_does_not_change_the_bytes() -> None:
    """Equal contents give equal files."""
    assert encode(TWO, "float16") == encode(dict(reversed(TWO.items())), "float16")


@pytest.mark.parametrize("dtype", DTYPES)
def test_what_was_written_is_read_back(dtype: DType) -> None:
    """Names, shapes, values and dtype survive; the library reads the file too."""
    data = encode(TWO, dtype)

    named, stored = decode(data)

    assert stored == dtype
    assert list(named) == ["a", "b"]
    assert all(np.array_equal(named[name], TWO[name]) for name in TWO)


MALFORMED = {
    "empty file": b"",
    "header longer than the file": (100).to_bytes(8, "little") + b"{}",
    "header length of 2^63": (2**63).to_bytes(8, "little") + b"{}",
    "not JSON": raw(b"{"),
    "not UTF-8": raw(b'{"\xff": 1}'),
    "deeply nested": raw(b'{"a":' * 200_000),
    "a list": raw([]),
    "a space before the object": raw(b" {}"),
    "no tensor": raw({}),
    "a repeated tensor": raw(b'{"a":%b,"a":%b}' % ((json.dumps(entry()).encode(),) * 2), bytes(4)),
    "an unknown field": raw({"a": entry(extra=1)}, bytes(4)),
    "an entry that is no object": raw({"a": 1}),
    "a dtype that is no text": raw({"a": entry() | {"dtype": 7}}, bytes(4)),
    "an unsupported dtype": raw({"a": entry(dtype="I64", data_offsets=(0, 8))}, bytes(8)),
    "two dtypes": raw({"a": entry(), "b": entry(dtype="F16", data_offsets=(4, 6))}, bytes(6)),
    "three axes": raw({"a": entry(shape=(1, 1, 1))}, bytes(4)),
    "a negative size": raw({"a": entry(shape=(-1, -1))}, bytes(4)),
    "a size that is true": raw({"a": entry(shape=(True, 1))}, bytes(4)),
    "a huge size": raw({"a": entry(shape=(0, 2**63))}, bytes(4)),
    "a size of nothing": raw({"a": entry(shape=(0, 1), data_offsets=(0, 0))}),
    "too many tensors": raw(
        {f"t{at}": entry(shape=[1], data_offsets=(4 * at, 4 * at + 4)) for at in range(50_001)}, bytes(200_004)
    ),
    "a hole": raw({"a": entry(data_offsets=(4, 8))}, bytes(8)),
    "an overlap": raw({"a": entry(), "b": entry()}, bytes(4)),
    "data after the last tensor": raw({"a": entry()}, bytes(5)),
    "data missing": raw({"a": entry()}, bytes(3)),
    "a range that is not the shape's": raw({"a": entry(shape=(1, 2))}, bytes(4)),
    "NaN": raw({"a": entry()}, b"\x00\x00\xc0\x7f"),
    "infinity": raw({"a": entry()}, b"\x00\x00\x80\x7f"),
}


def check(data: bytes, *, piece: int) -> dict[str, Shape]:
    """The shapes in a file that goes by in pieces."""
    stream = StreamCheck(len(data))
    for at in range(0, len(data), piece):
        stream.feed(data[at : at + piece])
    return stream.end()


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_file_is_refused(data: bytes) -> None:
    """Each rule of the format is enforced with the same error, of a file in memory and of one that goes by."""
    with pytest.raises(FormatError) as refusal:
        decode(data)
    for piece in (97, 1 << 20):
        with pytest.raises(FormatError, match=re.escape(str(refusal.value))):
            check(data, piece=piece)


@pytest.mark.parametrize("piece", [1, 3, 64, 1 << 20])
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_file_is_checked_while_it_goes_by(dtype: DType, piece: int) -> None:
    """However its numbers are cut; nothing of it is kept but names and shapes."""
    assert check(encode(TWO, dtype), piece=piece) == {"a": (1, 2), "b": (2, 3)}


@pytest.mark.parametrize("place", range(8))
def test_the_tensor_with_a_number_that_is_not_finite_is_named(place: int) -> None:
    """By where it stands in the file."""
    data = bytearray(encode(TWO, "float32"))
    start = len(data) - 32 + 4 * place
    data[start : start + 4] = b"\x00\x00\xc0\x7f"

    with pytest.raises(FormatError, match=f"safetensors, {'aabbbbbb'[place]}: expected finite numbers"):
        check(bytes(data), piece=5)


def test_vectors_are_tensors_too() -> None:
    """DoRA keeps a magnitude for each row."""
    data = raw({"a": entry(shape=[3], data_offsets=(0, 12))}, bytes(12))

    assert check(data, piece=9) == {"a": (3,)}
    assert decode(data)[0]["a"].shape == (3,)


def test_every_prefix_is_refused() -> None:
    """A file cut anywhere is never read as something else."""
    data = encode(TWO, "bfloat16")

    for size in range(len(data)):
        with pytest.raises(FormatError):
            decode(data[:size])


@settings(max_examples=300, deadline=None)
@given(at=st.integers(0, 200), value=st.integers(0, 255))
def test_a_changed_header_byte_gives_tensors_or_a_format_error(at: int, value: int) -> None:
    """Nothing but FormatError escapes from reading hostile bytes."""
    data = bytearray(encode(TWO, "float32"))
    data[at % len(data)] = value

    try:
        named, _ = decode(bytes(data))
    except FormatError:
        return

    assert all(values.ndim in {1, 2} for values in named.values())
