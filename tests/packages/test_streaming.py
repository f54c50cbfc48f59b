"""Layers of an adapter, in any order: each is checked before it is given, and kept as far as a budget goes."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from expertkit.adapters import tensors
from expertkit.adapters.dtypes import DTYPES, DType
from expertkit.containers import codecs, sources
from expertkit.containers.reader import Container
from expertkit.containers.settings import Codec
from expertkit.containers.sources import Held
from expertkit.containers.toc import Entry
from expertkit.containers.writer import Options
from expertkit.errors import CompatibilityError, FormatError, IntegrityError
from expertkit.packages.streaming import Layers, Tensors
from tests.containers.builders import (
    Pieces,
    adapter,
    adapter_drafts,
    block,
    frame,
    patched,
    replaced,
    small,
    smallest,
    written,
)

NAMES = {
    0: "model.layers.0.q.lora_A.weight",
    1: "model.layers.1.q.lora_A.weight",
    2: "model.layers.2.q.lora_A.weight",
    10: "model.layers.10.q.lora_A.weight",
    None: "model.embed.lora_A.weight",
}
SIZE = 256 + 64 * 64 * 2
"""Bytes of a layer: the header, and numbers of 16 bits."""


def file(dtype: DType = "bfloat16") -> bytes:
    """An adapter with one tensor in each layer."""
    return adapter(dtype, shapes=dict.fromkeys(reversed(NAMES.values()), (64, 64)))


def data(codec: Codec = "planes", dtype: DType = "bfloat16") -> bytes:
    """A container with that adapter."""
    return written(adapter_drafts(file(dtype)), options=Options(codec=codec))


def opened(codec: Codec = "planes") -> Container:
    """The same, in memory."""
    return Container(Held(data(codec)))


class Loads:
    """How often each layer was made ready."""

    def __init__(self) -> None:
        self._names: list[str] = []

    def check(self, found: Tensors) -> None:
        """Count a layer, and take it as it is; threads may do so at the same time."""
        self._names.extend(found)

    @property
    def layers(self) -> dict[int | None, int]:
        """The times, by layer."""
        return {layer: self._names.count(name) for layer, name in NAMES.items() if name in self._names}


def drained(found: Iterator[tuple[int | None, Tensors]]) -> list[int | None]:
    """The layers, each let go before the next is asked for."""
    return [layer for layer, _tensors in found]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("codec", ["raw", "zstd", "planes"])
def test_every_layer_is_given_as_it_is_in_the_file(codec: Codec, dtype: DType) -> None:
    """By number, in the order of the model, and all at once."""
    whole = tensors.stored(file(dtype))

    with Layers(Container(Held(data(codec, dtype)))) as layers:
        one_by_one = {layer: layers[layer] for layer in reversed(layers.order)}
        ordered = list(layers.in_order())
        everything = layers.load()

    assert layers.order == (0, 1, 2, 10, None)
    assert [layer for layer, _ in ordered] == [0, 1, 2, 10, None]
    assert everything == whole
    assert {layer: dict(found) for layer, found in ordered} == one_by_one
    assert one_by_one == {layer: {name: whole[name]} for layer, name in NAMES.items()}


def test_nothing_is_read_before_it_is_asked_for() -> None:
    """And a layer that was is not read again while it is kept."""
    loads = Loads()

    with Layers(opened(), check=loads.check) as layers:
        before = loads.layers
        assert layers[1] is layers[1]

    assert (before, loads.layers) == ({}, {1: 1})


def test_the_layers_that_were_used_last_are_kept() -> None:
    """As many as the budget has room for; asking for one is using it."""
    loads = Loads()

    with Layers(opened(), budget=2 * SIZE, check=loads.check) as layers:
        for layer in (0, 1, 0, 2, 0, 1):  # 2 takes the place of 1, which takes that of 2
            assert list(layers[layer]) == [NAMES[layer]]

    assert loads.layers == {0: 1, 1: 2, 2: 1}


@pytest.mark.parametrize(("budget", "times"), [(5 * SIZE, 1), (5 * SIZE - 1, 2), (SIZE, 2), (0, 2)])
def test_the_budget_is_in_bytes(budget: int, times: int) -> None:
    """All five layers fit it exactly or, in a round, none is there any more when it is its turn."""
    loads = Loads()

    with Layers(opened(), budget=budget, check=loads.check) as layers:
        for layer in 2 * layers.order:
            assert layers[layer]

    assert set(loads.layers.values()) == {times}


def test_the_newest_layer_is_kept_whatever_it_costs() -> None:
    """Or whoever asks twice for one would wait twice."""
    loads = Loads()

    with Layers(opened(), budget=0, check=loads.check) as layers:
        assert layers[10] is layers[10]

    assert loads.layers == {10: 1}


def test_what_is_stored_as_it_is_costs_nothing(tmp_path: Path) -> None:
    """In memory that nobody changes; of a file that others may change, each layer is a copy."""
    path = tmp_path / "a"
    path.write_bytes(data("raw"))
    loads, of_file = Loads(), Loads()

    with Layers(opened("raw"), budget=0, check=loads.check) as layers:
        for layer in 2 * layers.order:
            assert layers[layer]
    with sources.read(path) as source, Layers(Container(source), budget=0, check=of_file.check) as layers:
        for layer in 2 * layers.order:
            assert layers[layer]

    assert set(loads.layers.values()) == {1}
    assert set(of_file.layers.values()) == {2}


@pytest.mark.parametrize("ahead", [0, 1, 2, 9])
@pytest.mark.parametrize("budget", [0, SIZE, 2 * SIZE, 3 * SIZE, 9 * SIZE])
def test_no_layer_is_made_ready_twice_on_the_way(budget: int, ahead: int) -> None:
    """However far one looks ahead and however small the budget is."""
    loads = Loads()

    with Layers(opened(), budget=budget, check=loads.check) as layers:
        assert drained(layers.in_order(ahead=ahead)) == [*NAMES]

    assert loads.layers == dict.fromkeys(NAMES, 1)


def test_layers_are_made_ready_ahead() -> None:
    """What was fetched in time is not made when it is asked for."""
    loads = Loads()

    with Layers(opened(), threads=1, check=loads.check) as layers:
        layers.prefetch(2, 0)
        assert layers[0]  # the one thread has made 2 before it
        before = loads.layers
        assert layers[2]

    assert (before, loads.layers) == ({0: 1, 2: 1}, {0: 1, 2: 1})


def test_fetching_ahead_stops_where_it_would_push_out_what_it_fetched() -> None:
    """Of three layers where there is room for two, the first two are made ready."""
    loads = Loads()

    with Layers(opened(), budget=2 * SIZE, threads=1, check=loads.check) as layers:
        layers.prefetch(0, 1, 2)
        assert layers[1]

    assert loads.layers == {0: 1, 1: 1}


def test_a_layer_that_is_not_there_is_a_mistake_of_the_caller() -> None:
    """Asked for at once or ahead."""
    with Layers(opened()) as layers:
        with pytest.raises(KeyError):
            layers[3]
        with pytest.raises(KeyError):
            layers.prefetch(3)


@pytest.mark.parametrize("budget", [0, 2 * SIZE, 9 * SIZE])
def test_many_threads_get_the_same_tensors(budget: int) -> None:
    """Whoever asks for layers at the same time, in whatever order, with room for one or all of them."""
    whole = tensors.stored(file())
    turns = np.random.default_rng(1).permuted(np.tile(np.arange(len(NAMES)), (16, 20)), axis=1)

    with Layers(opened(), budget=budget, threads=4) as layers, ThreadPoolExecutor(16) as pool:
        walks = pool.map(lambda turn: [layers[layers.order[at]] for at in turn], turns)
        found = [dict(each) for walk in walks for each in walk]

    assert found == [{name: whole[name]} for name in (list(NAMES.values())[at] for at in turns.flat)]


def entry_of(container: Container, number: int) -> Entry:
    """The section with this number."""
    return container.entries[number - 1]


@pytest.mark.parametrize("codec", ["raw", "zstd", "planes"])
def test_a_damaged_layer_is_refused_when_it_is_asked_for(codec: Codec) -> None:
    """The others are given; so is the damage, each time."""
    sound = data(codec)
    entry = entry_of(Container(Held(sound)), 3)
    damaged = Container(Held(replaced(sound, entry.end - 1, bytes([sound[entry.end - 1] ^ 1]))))

    with Layers(damaged) as layers:
        layers.prefetch(*layers.order)
        for _ in range(2):
            with pytest.raises(IntegrityError, match=r"section 3 .* of layer 2\)") as refusal:
                layers[2]
            assert refusal.value.offset == entry.at
        assert all(layers[layer] for layer in (0, 1, 10, None))
        with pytest.raises(IntegrityError, match="section 3"):
            layers.load()
        with pytest.raises(IntegrityError, match="section 3"):
            drained(layers.in_order())


def test_an_error_is_not_kept(tmp_path: Path) -> None:
    """A file that was mended is read again."""
    path = tmp_path / "a"
    path.write_bytes(data())
    with sources.read(path) as source:
        container = Container(source)
        entry = entry_of(container, 1)
        path.write_bytes(replaced(data(), entry.at, b"\0"))

        with Layers(container) as layers:
            with pytest.raises(IntegrityError):
                layers[0]
            path.write_bytes(data())
            again = layers[0]

    assert list(again) == [NAMES[0]]


def changed(number: int, payload: bytes, **fields: object) -> Container:
    """A container of raw layers, one of which is another, with every digest made right again."""

    def change(pieces: Pieces) -> None:
        pieces.payloads[number - 1] = payload
        pieces.entries[number - 1].update(fields)

    return Container(Held(patched(data("raw"), change)))


def stored(number: int) -> bytes:
    """The bytes of a raw layer."""
    container = opened("raw")
    return bytes(container.read(entry_of(container, number)))


def refused(container: Container, word: str, layer: int | None) -> int | None:
    """The place that is named when this layer is refused."""
    with Layers(container) as layers, pytest.raises(FormatError, match=word) as refusal:
        layers[layer]
    return refusal.value.offset


@pytest.mark.parametrize("word", [b"\x80\x7f", b"\x80\xff", b"\xc1\x7f"], ids=["infinity", "minus infinity", "NaN"])
def test_a_number_that_is_not_finite_is_refused(word: bytes) -> None:
    """Before anybody multiplies with it."""
    container = changed(4, stored(4)[:-2] + word)

    assert refused(container, r"section 4 .* of layer 10\): .*expected finite numbers", 10) == entry_of(container, 4).at


def test_a_dtype_that_the_tensors_do_not_have_is_refused() -> None:
    """Whoever makes room by what the entry says would have the wrong room."""
    container = Container(Held(patched(data("raw"), lambda pieces: [each.update(dtype=2) for each in pieces.entries])))

    offset = refused(container, "section 1 .*expected dtype 2, as its entry says, got bfloat16", 0)

    assert offset == entry_of(container, 1).at


def test_tensors_of_another_layer_are_refused() -> None:
    """A section cannot speak for a layer that is not its own."""
    container = changed(2, stored(3))

    assert refused(container, "expected tensors of layer 1, got one of 2", 1) == entry_of(container, 2).at


def test_a_broken_frame_is_named_once_with_its_place() -> None:
    """From the start of the file, not twice from the start of the section."""
    container = changed(2, frame(block(b"x"), content=1, descriptor=0xA4), codec=codecs.ZSTD, raw=1)

    offset = refused(container, r"^section 2 \(adapter 'adapter_model.safetensors' of layer 1\): zstd frame", 1)

    assert offset == entry_of(container, 2).at + 4


def test_tensors_that_do_not_pass_the_check_are_not_given() -> None:
    """Each time anew, as the check may pass later."""
    found = []

    def check(tensors: Tensors) -> None:
        found.append(list(tensors))
        if len(found) == 1:
            raise CompatibilityError("too wide")

    with Layers(opened(), check=check) as layers:
        with pytest.raises(CompatibilityError, match="too wide"):
            layers[0]
        assert layers[0]

    assert found == [[NAMES[0]]] * 2


def test_a_container_without_an_adapter_has_no_layers() -> None:
    """It may be a soft prompt."""
    with Layers(Container(Held(smallest()))) as layers:
        assert (layers.order, drained(layers.in_order()), layers.load()) == ((), [], {})


def test_after_its_block_no_layer_is_given() -> None:
    """Whether it was asked for before or not; tensors that were taken stay."""
    with Layers(Container(Held(small()))) as layers:
        taken = layers[0]

    for layer in (0, 10):
        with pytest.raises(ValueError, match="inside of the block"):
            layers[layer]
    assert all(np.isfinite(tensor.values()).all() for tensor in taken.values())
