"""An adapter's file in parts: taken apart and put together it is the same file."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expertkit.adapters import layers, tensors
from expertkit.adapters.dtypes import DTYPES, ITEM_SIZE, DType
from expertkit.adapters.tensors import Shape, Stored
from expertkit.errors import FormatError

PLACES = ("", ".layers.0", ".layers.1", ".layers.2", ".layers.10", ".layers.100", ".layers.65535")
NAMES = st.builds(
    "{}{}.{}".format,
    st.sampled_from(
        ["model", "base_model.model.model", "encoder", "decoder", "encoder.block", "Model", "m\u00e4", 'm"\\']
    ),
    st.sampled_from(PLACES),
    st.sampled_from(
        ["q_proj.lora_A.weight", "q_proj.lora_B.weight", "lora_magnitude_vector", "experts.3.w1.lora_A.weight"]
    ),
)
SHAPES = st.lists(st.integers(1, 7), min_size=1, max_size=2).map(tuple)
ADAPTERS = st.dictionaries(NAMES, SHAPES, min_size=1, max_size=12)


def file(shapes: dict[str, tuple[int, ...]], dtype: DType) -> bytes:
    """An adapter with tensors of these shapes."""
    numbers = np.random.default_rng(len(shapes))
    return tensors.encode(
        {name: numbers.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}, dtype
    )


def sections(data: bytes) -> dict[int | None, bytes]:
    """The parts of a file, as they are stored, by layer."""
    parts, _dtype = layers.split(data, size=len(data))
    return {part.layer: part.head + b"".join(data[begin:end] for begin, end in part.ranges) for part in parts}


def joined(found: dict[int | None, bytes]) -> bytes:
    """The file of these parts."""
    named: dict[str, Stored] = {}
    for layer, data in found.items():
        named |= layers.read_part(memoryview(data), layer=layer)
    shapes: dict[str, Shape] = {name: tensor.shape for name, tensor in named.items()}
    head = layers.join_head(shapes, [tensor.dtype for tensor in named.values()])
    return head + b"".join(named[name].data for name in sorted(named))


@settings(max_examples=200, deadline=None)
@given(shapes=ADAPTERS, dtype=st.sampled_from(DTYPES))
def test_the_parts_give_the_file_back(shapes: dict[str, tuple[int, ...]], dtype: DType) -> None:
    """Byte for byte, whatever layers, prefixes and dtypes there are, in the order of the layers."""
    data = file(shapes, dtype)

    found = sections(data)

    assert joined(found) == joined(dict(reversed(found.items()))) == data
    numbers = sorted({number for number in map(layers.layer_of, shapes) if number is not None})
    assert list(found) == [*numbers, *([None] if None in map(layers.layer_of, shapes) else [])]


@settings(max_examples=200, deadline=None)
@given(shapes=ADAPTERS, dtype=st.sampled_from(DTYPES))
def test_a_part_is_a_file_of_its_own(shapes: dict[str, tuple[int, ...]], dtype: DType) -> None:
    """With the tensors of its layer alone, and data that begins at a multiple of 256 bytes."""
    data = file(shapes, dtype)
    whole = tensors.stored(data)

    parts, found = layers.split(data, size=len(data))

    assert found == dtype
    for part, section in zip(parts, sections(data).values(), strict=True):
        named = tensors.stored(section)
        assert {name: tensor.data for name, tensor in named.items()} == {
            name: tensor.data for name, tensor in whole.items() if layers.layer_of(name) == part.layer
        }
        assert (len(part.head) % layers.ALIGNMENT, part.size) == (0, len(section))
        assert len(part.head) == tensors.header_end(section)


@settings(max_examples=100, deadline=None)
@given(shapes=ADAPTERS, dtype=st.sampled_from(DTYPES), at=st.integers(0, 2000), value=st.integers(0, 255))
def test_a_changed_byte_gives_tensors_or_a_format_error(
    shapes: dict[str, tuple[int, ...]], dtype: DType, at: int, value: int
) -> None:
    """Nothing but FormatError escapes from reading hostile bytes, and what is read has its one form."""
    layer, data = next(iter(sections(file(shapes, dtype)).items()))
    changed = bytearray(data)
    changed[at % len(changed)] = value

    try:
        named = layers.read_part(memoryview(changed), layer=layer)
    except FormatError:
        return

    assert sections(bytes(changed)) == {layer: bytes(changed)}
    assert sum(len(tensor.data) for tensor in named.values()) % ITEM_SIZE[dtype] == 0


def test_the_header_of_a_file_is_enough() -> None:
    """Whoever takes a file apart has not read its numbers yet."""
    data = file({"m.0.a": (7, 7), "m.a": (1,)}, "float32")

    parts = layers.split(data[: tensors.header_end(data)], size=len(data))

    assert parts == layers.split(data, size=len(data))


def test_data_in_another_order_is_taken_apart_too() -> None:
    """Files of other programs need not be sorted: parts always are."""
    rows = (
        '"b.0":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},"a.0":{"dtype":"F16","shape":[1],"data_offsets":[2,4]}'
    )
    text = f"{{{rows}}}".encode()

    found = sections(len(text).to_bytes(8, "little") + text + b"bbaa")

    assert found.keys() == {0}
    assert found[0].endswith(b" aabb")


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight", 0),
        ("model.layers.10.mlp.lora_A.weight", 10),
        ("transformer.h.007.attn.weight", 7),
        ("decoder.block.3.layer.1.weight", 3),
        ("12", 12),
        ("model.65535.weight", 65_535),
        ("model.0000000000065535.weight", 65_535),
        ("model.embed_tokens.weight", None),
        ("model.layer1.weight", None),
        ("model.1a.weight", None),
        ("model.-1.weight", None),
        ("model.+1.weight", None),
        ("model.1_0.weight", None),
        ("model. 1.weight", None),
        ("model.\u0663.weight", None),
        ("model.\u00b2.weight", None),
        ("model..weight", None),
        ("", None),
    ],
)
def test_the_layer_is_the_first_part_that_is_a_number(name: str, layer: int | None) -> None:
    """Of ASCII digits alone, with zeros before it or not."""
    assert layers.layer_of(name) == layer


@pytest.mark.parametrize("number", ["65536", "0065536", "99999", "100000", "1" * 5000])
def test_no_model_has_so_many_layers(number: str) -> None:
    """A number that no field can hold is refused, however long."""
    with pytest.raises(FormatError, match="below 65536"):
        layers.layer_of(f"model.{number}.weight")


def test_parts_of_two_dtypes_are_no_file() -> None:
    """A file has one."""
    with pytest.raises(FormatError, match="expected parts of one dtype, got bfloat16, float32"):
        layers.join_head({"a": (1,), "b": (1,)}, ["float32", "bfloat16"])


def test_a_name_that_is_half_a_character_is_refused() -> None:
    """JSON can say what no file can hold."""
    text = rb'{"\ud800":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}'
    data = len(text).to_bytes(8, "little") + text + b"aa"

    with pytest.raises(FormatError, match="half of one"):
        layers.split(data, size=len(data))
    with pytest.raises(FormatError, match="one form"):
        layers.read_part(memoryview(data), layer=None)
