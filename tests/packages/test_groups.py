"""Layers of an OSD file in a container: a group of them is decoded once, and kept as far as a budget goes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from expertkit import osd
from expertkit.adapters import encode_tensors, tensors
from expertkit.containers import kinds, sources
from expertkit.containers.reader import Container
from expertkit.containers.settings import Codec
from expertkit.containers.sources import Held
from expertkit.containers.writer import Options
from expertkit.errors import CompatibilityError, FormatError, IntegrityError
from expertkit.osd import Module, Osd, Settings
from expertkit.packages.names import OSD
from expertkit.packages.streaming import Layers, Tensors
from tests.containers.builders import draft, replaced, written

NAMES: dict[int | None, str] = {
    0: "model.layers.0.q", 1: "model.layers.1.q", 2: "model.layers.2.q", 10: "model.layers.10.q", None: "model.embed",
}  # fmt: skip
GROUPS = ((0, 1), (2, 10), (None,))
RANK, WIDTH = 20, 8000
SIZE = 4 * RANK * 2 * WIDTH
"""Bytes of a layer's tensors."""


def made(*, is_dora: bool = False) -> bytes:
    """An OSD file with one module in each layer, and two layers in most of its groups."""
    numbers = np.random.default_rng(1)
    modules = {}
    for at, name in enumerate(NAMES.values()):
        u, v = (numbers.integers(-3, 4, (RANK, WIDTH)).astype(np.float32) for _ in range(2))
        s = np.full(RANK, 1 + at, np.float32)
        modules[name] = Module(u=u, s=s, v=v, magnitude=np.ones(WIDTH, np.float32) if is_dora else None)
    return osd.encode(Osd(modules=modules, settings=Settings(rank=RANK, codec="rdq")))


@pytest.fixture(scope="module")
def data() -> bytes:
    """An OSD file."""
    return made()


@pytest.fixture(scope="module")
def whole(data: bytes) -> dict[str, tensors.Stored]:
    """The tensors of the LoRA that it is."""
    return tensors.stored(encode_tensors(osd.decode(data).to_lora()))


def contained(data: bytes, *, codec: Codec = "raw") -> bytes:
    """A container with an OSD file."""
    return written([draft(kinds.OSD, OSD, data)], options=Options(codec=codec))


def opened(data: bytes) -> Container:
    """The same, in memory."""
    return Container(Held(contained(data)))


class Loads:
    """How often each layer was made ready."""

    def __init__(self) -> None:
        self._names: list[str] = []

    def check(self, found: Tensors) -> None:
        """Count a layer, and take it as it is."""
        self._names.extend(found)

    @property
    def layers(self) -> dict[int | None, int]:
        """The times, by layer."""
        counts = {layer: sum(f".{name}.lora_A" in each for each in self._names) for layer, name in NAMES.items()}
        return {layer: count for layer, count in counts.items() if count}


def of_layer(whole: dict[str, tensors.Stored], layer: int | None) -> dict[str, tensors.Stored]:
    """The tensors of one layer."""
    return {name: tensor for name, tensor in whole.items() if f".{NAMES[layer]}." in name}


def drained(found: Iterator[tuple[int | None, Tensors]]) -> list[int | None]:
    """The layers, each let go before the next is asked for."""
    return [layer for layer, _tensors in found]


@pytest.mark.parametrize("codec", ["raw", "zstd"])
def test_every_layer_has_the_numbers_of_the_lora(data: bytes, whole: dict[str, tensors.Stored], codec: Codec) -> None:
    """By number, in the order of the model, and all at once; names are sorted in each."""
    with Layers(Container(Held(contained(data, codec=codec)))) as layers:
        one_by_one = {layer: dict(layers[layer]) for layer in reversed(layers.order)}
        ordered = {layer: dict(found) for layer, found in layers.in_order()}
        everything = layers.load()

    assert layers.order == (0, 1, 2, 10, None)
    assert everything == whole
    assert one_by_one == ordered == {layer: of_layer(whole, layer) for layer in NAMES}
    assert [list(found) for found in ordered.values()] == [sorted(found) for found in ordered.values()]
    assert {(tensor.dtype, tensor.data.readonly) for tensor in everything.values()} == {("float32", True)}


def test_a_dora_has_its_magnitudes_in_every_layer() -> None:
    """Vectors among the matrices, each in its place."""
    data = made(is_dora=True)

    with Layers(opened(data)) as layers:
        found = layers.load()
        names = [*layers[None]]

    assert found == tensors.stored(encode_tensors(osd.decode(data).to_lora()))
    assert [name.rpartition(".lora_")[2] for name in names] == ["A.weight", "B.weight", "magnitude_vector"]


def test_a_group_is_decoded_once(data: bytes) -> None:
    """Whichever of its layers is asked for first."""
    loads = Loads()

    with Layers(opened(data), check=loads.check) as layers:
        before = loads.layers
        assert layers[10] is layers[10]
        assert layers[2]

    assert (before, loads.layers) == ({}, {2: 1, 10: 1})


@pytest.mark.parametrize("ahead", [0, 1, 2, 9])
@pytest.mark.parametrize("budget", [0, SIZE, 2 * SIZE, 3 * SIZE, 9 * SIZE])
def test_no_group_is_decoded_twice_on_the_way(data: bytes, budget: int, ahead: int) -> None:
    """However far one looks ahead and however small the budget is."""
    loads = Loads()

    with Layers(opened(data), budget=budget, check=loads.check) as layers:
        assert drained(layers.in_order(ahead=ahead)) == [*NAMES]

    assert loads.layers == dict.fromkeys(NAMES, 1)


@pytest.mark.parametrize(("budget", "times"), [(5 * SIZE, 1), (5 * SIZE - 1, 2), (0, 2)])
def test_the_budget_is_in_bytes_of_decoded_tensors(data: bytes, budget: int, times: int) -> None:
    """All groups fit it exactly or, in a round, none is there any more when it is its turn."""
    loads = Loads()

    with Layers(opened(data), budget=budget, check=loads.check) as layers:
        for layer in 2 * layers.order:
            assert layers[layer]

    assert loads.layers == dict.fromkeys(NAMES, times)


def test_fetching_ahead_counts_a_group_once(data: bytes) -> None:
    """Two of its layers are no dearer than one."""
    loads = Loads()

    with Layers(opened(data), budget=2 * SIZE, threads=1, check=loads.check) as layers:
        layers.prefetch(0, 1, 2)
        assert layers[1]

    assert loads.layers == {0: 1, 1: 1}


def test_a_layer_that_is_not_there_is_a_mistake_of_the_caller(data: bytes) -> None:
    """Asked for at once or ahead, inside of the block."""
    with Layers(opened(data)) as layers:
        with pytest.raises(KeyError):
            layers[3]
        with pytest.raises(KeyError):
            layers.prefetch(3)
    with pytest.raises(ValueError, match="inside of the block"):
        layers[0]


def test_nothing_is_read_before_it_is_asked_for(data: bytes) -> None:
    """A file that was damaged after it was opened is refused at its first use."""
    container = Container(Held(replaced(contained(data), len(contained(data)) - 1, b"\xff")))

    with Layers(container) as layers:
        for _again in range(2):
            with pytest.raises(IntegrityError, match=rf"section 1 \(osd '{OSD}'\): expected SHA-256"):
                layers[0]


def test_a_file_that_others_may_change_is_read_and_hashed_once(data: bytes, tmp_path: Path) -> None:
    """Its bytes are kept, so that all groups are of one file."""
    path = tmp_path / "a"
    path.write_bytes(contained(data))

    with sources.read(path) as source, Layers(Container(source), budget=0) as layers:
        assert layers[0]
        path.write_bytes(b"\0" * len(contained(data)))
        assert drained(layers.in_order()) == [*NAMES]


def test_a_group_that_is_not_sound_does_not_spoil_the_others(data: bytes) -> None:
    """It is refused each time, with the place of its section."""
    container = opened(data[:-3] + bytes(3))

    with Layers(container) as layers:
        for _again in range(2):
            with pytest.raises(FormatError, match=r"^section 1 \(osd .*: (osd|zstd)") as refusal:
                layers[None]
        assert layers[10]

    assert refusal.value.offset == container.entries[0].at


def test_tensors_that_do_not_pass_the_check_are_not_given(data: bytes) -> None:
    """Nor are those of their group; each time anew, as the check may pass later."""
    found = []

    def check(tensors: Tensors) -> None:
        found.append([*tensors])
        if len(found) == 1:
            raise CompatibilityError("too wide")

    with Layers(opened(data), check=check) as layers:
        with pytest.raises(CompatibilityError, match="too wide"):
            layers[1]
        assert layers[1]

    assert len(found) == 3
