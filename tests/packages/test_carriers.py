"""What carries an adapter: safetensors as ever, or an OSD file, whose tensors are those of a LoRA of scale 1."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from expertkit import osd
from expertkit.adapters import Lora, encode_config, encode_tensors, to_tensors
from expertkit.adapters import tensors as safetensors
from expertkit.errors import FormatError, PackagingError
from expertkit.osd import Module, Osd, Settings
from expertkit.packages import carriers
from expertkit.packages.names import OSD, TENSORS
from expertkit.packages.weights import read_adapter, write_adapter, write_osd
from tests.adapters.builders import random_dora, random_lora

WAYS: dict[str, Settings] = {
    "whole": Settings(rank=4, codec="f32"),
    "sparse": Settings(rank=3, codec="f16", density=0.4, indices="rice"),
    "int8": Settings(rank=4, codec="int8", density=0.6, indices="csr"),
    "blended": Settings(rank=3, codec="f16", density=0.3, alpha=0.5),
    "rdq": Settings(rank=4, codec="rdq"),
}
DELTA = Settings(rank=3, codec="f16", density=0.3, space="delta")


def small(settings: Settings, lora: Lora | None = None) -> bytes:
    """A file of a small adapter."""
    found = osd.sources(lora or random_lora())
    made = osd.fit(found, settings, budget=560) if settings.codec == "rdq" else osd.compress(found, settings)
    return made.data


def config_of(lora: Lora) -> dict[str, Any]:
    """The content of its adapter_config.json."""
    return encode_config(lora, base="nano")


@pytest.mark.parametrize("lora", [random_lora(), random_dora()], ids=["lora", "dora"])
@pytest.mark.parametrize("way", WAYS)
def test_an_osd_file_is_the_lora_that_it_decodes_to(way: str, lora: Lora) -> None:
    """Number for number, with the config of what it decodes to; it is not looked at what it was before."""
    data = small(WAYS[way], lora)
    wanted = osd.decode(data).to_lora()

    adapter = carriers.decode(OSD, data, config_of(wanted))

    assert isinstance(adapter, Lora)
    assert adapter.kind == lora.kind
    assert encode_tensors(adapter) == encode_tensors(wanted)
    assert config_of(adapter) == config_of(wanted)
    assert {adapter.scale(module) for module in adapter.modules} == {1.0}


@pytest.mark.parametrize("lora", [random_lora(), random_dora()], ids=["lora", "dora"])
@pytest.mark.parametrize("way", WAYS)
def test_names_and_shapes_follow_from_the_header_alone(way: str, lora: Lora) -> None:
    """And so does the config; no number is decoded for them."""
    data = small(WAYS[way], lora)
    wanted = osd.decode(data).to_lora()

    header = carriers.read_header(memoryview(data))

    assert carriers.shapes(header) == {name: values.shape for name, values in to_tensors(wanted).items()}
    assert config_of(carriers.hollow(header)) == config_of(wanted)
    assert sum(map(carriers.size_of, carriers.shapes(header).values())) == 4 * wanted.parameters


def test_a_module_of_which_nothing_is_left_has_one_component_of_zeros() -> None:
    """PEFT knows no rank of 0; the module's own rank stands in the config."""
    left = Module(u=np.ones((2, 8), np.float32), s=np.ones(2, np.float32), v=np.ones((2, 6), np.float32))
    gone = Module(u=np.zeros((0, 8), np.float32), s=np.zeros(0, np.float32), v=np.zeros((0, 6), np.float32))
    modules = {"layers.0.q_proj": left, "layers.1.q_proj": gone}
    data = osd.encode(Osd(modules=modules, settings=Settings(rank=2, codec="f16")))

    adapter = carriers.decode(OSD, data, config_of(osd.decode(data).to_lora()))

    assert config_of(adapter)["rank_pattern"] == {"layers.1.q_proj": 1}  # type: ignore[arg-type]
    assert not any(values.any() for name, values in to_tensors(adapter).items() if "layers.1" in name)


CONFIGS: dict[str, tuple[dict[str, Any], str]] = {
    "another scale": ({"lora_alpha": 32}, "expected an alpha that makes its scale 1, got"),
    "stabilized ranks": ({"use_rslora": True}, "expected an alpha that makes its scale 1, got"),
    "another alpha of a module": (
        {"alpha_pattern": {"model.layers.0.mlp.down_proj": 6}}, "down_proj: expected an alpha that makes its scale 1"
    ),
    "another rank": ({"r": 2}, "expected rank 2, got 4"),
    "other modules": ({"target_modules": ["q_proj"]}, "target_modules"),
    "DoRA": ({"use_dora": True}, "use_dora"),
    "another kind": ({"peft_type": "IA3"}, "peft_type"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", CONFIGS)
def test_a_config_about_another_adapter_is_refused(wrong: str) -> None:
    """PEFT would load another one than is meant; it is seen with shapes alone, and with all numbers."""
    data = small(WAYS["whole"])
    change, message = CONFIGS[wrong]
    config = config_of(osd.decode(data).to_lora()) | change

    with pytest.raises(FormatError, match=message):
        carriers.decode(OSD, data, config)
    with pytest.raises(FormatError, match=message):
        carriers.check_config(OSD, carriers.shapes(carriers.read_header(memoryview(data))), config)


def test_an_update_that_has_no_low_rank_is_refused() -> None:
    """A mask of the update itself leaves no product of two factors; its header says so."""
    data = small(DELTA)

    for attempt in (
        lambda: carriers.read_header(memoryview(data)),
        lambda: carriers.decode(OSD, data, config_of(random_lora())),
        lambda: carriers.as_safetensors(OSD, data),
    ):
        with pytest.raises(FormatError, match="which has no low rank and cannot be packed") as refusal:
            attempt()
        assert refusal.value.hint == "merge it into the base's weights instead"


def made(rows: int = 1, *, out: int = 8, rank: int = 1, codec: str = "f16") -> bytes:
    """A file of modules of 8 columns with ones for numbers, or with none."""
    module = Module(u=np.ones((rank, out), np.float32), s=np.ones(rank, np.float32), v=np.ones((rank, 8), np.float32))
    settings = Settings(rank=1, codec=codec)  # type: ignore[arg-type]
    return osd.encode(Osd(modules={f"layers.{at}.q": module for at in range(rows)}, settings=settings))


def test_what_would_decode_to_more_than_is_believed_is_refused() -> None:
    """Modules without a component have no numbers in the file, and one component of zeros each once decoded."""
    within = made(4, out=1_000_000, rank=0)
    beyond = made(5, out=1_000_000, rank=0)

    assert sum(map(carriers.size_of, carriers.shapes(carriers.read_header(memoryview(within))).values())) > 16_000_000
    with pytest.raises(FormatError, match=r"expected at most 16\d{6} bytes of tensors in \d+ bytes, got 20000160"):
        carriers.read_header(memoryview(beyond))


def test_as_many_tensors_as_in_a_safetensors_file_are_believed() -> None:
    """50,000 of them, whatever their size; a file of more cannot be made."""
    assert len(carriers.shapes(carriers.read_header(memoryview(made(25_000, out=1))))) == 50_000
    with pytest.raises(PackagingError, match="expected at most 25000 modules, got 25001"):
        made(25_001, out=1)


def overflowing() -> bytes:
    """A file of finite numbers whose product with the root of S is not finite any more."""
    largest = np.finfo(np.float32).max
    u, v = (np.full((1, width), largest, np.float32) for width in (8, 6))
    module = Module(u=u, s=np.full(1, largest, np.float32), v=v)
    return osd.encode(Osd(modules={"layers.0.q": module}, settings=Settings(rank=1, codec="f32")))


BROKEN: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "another file": lambda: encode_tensors(random_lora()),
    "no group": lambda: small(WAYS["sparse"])[:-20],
    "one byte less": lambda: small(WAYS["int8"])[:-1],
    "one byte more": lambda: small(WAYS["rdq"]) + b"\0",
    "infinity": lambda: small(WAYS["whole"])[:-4] + np.array([np.inf], "<f4").tobytes(),
    "not a number": lambda: small(WAYS["whole"])[:-4] + np.array([np.nan], "<f4").tobytes(),
    "numbers that overflow once decoded": overflowing,
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_malformed_osd_file_is_refused(broken: str) -> None:
    """Before anybody multiplies with it; the config would fit."""
    data = BROKEN[broken]()

    with pytest.raises(FormatError, match=r"osd|zstd"):
        carriers.decode(OSD, data, config_of(random_lora()))
    with pytest.raises(FormatError, match=r"osd|zstd"):
        carriers.check_numbers(memoryview(data), carriers.read_header(memoryview(data)))


@pytest.mark.parametrize("way", WAYS)
def test_every_beginning_of_an_osd_file_is_refused(way: str) -> None:
    """However little is missing."""
    data = small(WAYS[way])

    for end in range(0, len(data), 7):
        with pytest.raises(FormatError):
            carriers.read_header(memoryview(data[:end]))


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        (TENSORS, encode_tensors(random_lora()), "lora of rank 4 on down_proj, q_proj"),
        (OSD, small(WAYS["sparse"]), "osd of rank 3 on down_proj, q_proj"),
        (f"weights/nano/{OSD}", small(WAYS["sparse"], random_dora()), "osd of rank 3 on down_proj, q_proj"),
        (OSD, small(WAYS["blended"]), "osd of rank 6 on down_proj, q_proj"),
    ],
)
def test_an_adapter_is_described_as_manifests_have_it(name: str, data: bytes, words: str) -> None:
    """With the rank of what is decoded, which is twice as much where two parts are blended."""
    is_osd = carriers.is_osd(name)
    stored = carriers.shapes(carriers.read_header(memoryview(data))) if is_osd else safetensors.stored(data)

    shapes = {tensor: each if isinstance(each, tuple) else each.shape for tensor, each in stored.items()}

    assert carriers.describe(name, shapes) == words


def test_tensors_that_are_no_adapter_are_described_by_why() -> None:
    """The message is compared with what the manifest says, and differs from all of it."""
    words = carriers.describe(OSD, {"base_model.model.odd name.lora_A.weight": (1, 1)})

    assert words.startswith("adapter, tensor 'base_model.model.odd name.lora_A.weight': expected <module>")


@pytest.mark.parametrize("way", WAYS)
def test_an_osd_file_as_safetensors_holds_the_decoded_tensors(way: str) -> None:
    """A safetensors file is passed on as it is."""
    data = small(WAYS[way])

    found = carriers.as_safetensors(OSD, data)

    assert found == encode_tensors(osd.decode(data).to_lora())
    assert carriers.as_safetensors(TENSORS, found) is found


def test_exactly_one_file_carries_an_adapter() -> None:
    """None and both are refused, by the names of both."""
    assert carriers.find(["a", TENSORS], file="x") == TENSORS
    assert carriers.find({OSD}, file="x") == OSD
    with pytest.raises(FormatError, match=rf"^x: expected {TENSORS} or {OSD}, got none$"):
        carriers.find(["a"], file="x")
    with pytest.raises(FormatError, match=rf"^x: expected {TENSORS} or {OSD}, got both$"):
        carriers.find([OSD, TENSORS], file="x")


def test_a_folder_holds_either_file(tmp_path: Path) -> None:
    """What is written is read; of OSD the bytes are kept, and the config is that of what they decode to."""
    data = small(WAYS["rdq"], random_dora())
    for name in ("plain", "small"):
        (tmp_path / name).mkdir()

    write_adapter(tmp_path / "plain", random_lora(), base="nano")
    write_osd(tmp_path / "small", data, base="nano")

    assert encode_tensors(read_adapter(tmp_path / "plain", hint="")) == encode_tensors(random_lora())
    assert encode_tensors(read_adapter(tmp_path / "small", hint="")) == carriers.as_safetensors(OSD, data)
    assert {path.name for path in (tmp_path / "small").iterdir()} == {OSD, "adapter_config.json"}
    assert (tmp_path / "small" / OSD).read_bytes() == data
    config = json.loads((tmp_path / "small" / "adapter_config.json").read_bytes())
    assert (config["r"], config["lora_alpha"], config["use_dora"]) == (4, 4, True)
    assert config["base_model_name_or_path"] == "nano"


def test_a_folder_with_both_files_or_none_is_refused(tmp_path: Path) -> None:
    """Which of two is meant, nobody knows; what makes one is named."""
    with pytest.raises(PackagingError, match=rf"{TENSORS}: expected a file, got none") as refusal:
        read_adapter(tmp_path, hint="make it")
    assert refusal.value.hint == "make it"

    write_adapter(tmp_path, random_lora(), base="nano")
    write_osd(tmp_path, small(WAYS["whole"]), base="nano")

    with pytest.raises(FormatError, match="got both"):
        read_adapter(tmp_path, hint="make it")


def test_an_update_without_low_rank_is_not_written(tmp_path: Path) -> None:
    """Nothing is left in the folder."""
    with pytest.raises(FormatError, match="no low rank"):
        write_osd(tmp_path, small(DELTA), base="nano")

    assert not [*tmp_path.iterdir()]


def test_many_groups_are_put_together_in_their_places() -> None:
    """They are read side by side, and each tensor is that of its own module."""
    numbers = np.random.default_rng(1)
    shape = 20, 8000
    modules = {
        f"layers.{at}.q": Module(
            u=numbers.standard_normal(shape).astype(np.float32), s=np.full(20, at + 1, np.float32),
            v=numbers.standard_normal(shape).astype(np.float32),
        )
        for at in range(5)
    }  # fmt: skip
    data = osd.encode(Osd(modules=modules, settings=Settings(rank=20, codec="f16")))
    header = carriers.read_header(memoryview(data))

    found = carriers.as_safetensors(OSD, data)

    assert len(header.sizes) == 3
    assert found == encode_tensors(osd.decode(data).to_lora())
    assert prod(shape) * 2 * 5 * 4 == sum(map(carriers.size_of, carriers.shapes(header).values()))
