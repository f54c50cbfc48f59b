"""Weights with an adapter in them: by its definition, beside PEFT, and read from a file bit for bit the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from peft import PeftModel

from expertkit.adapters import Factors, Lora, encode_config, encode_tensors
from expertkit.errors import CompatibilityError, FormatError
from expertkit.osd import Module, Osd, Settings, compress, decode, encode, fit, sources
from expertkit.osd.fusion import fuse, merged, streamed
from expertkit.runtime.loading import load_base
from tests.osd.test_adapter import SPACES, dense, module

_BASE = Path("models/qwen3-tiny")
_SETTINGS = [
    Settings(rank=8, codec="f32"),
    Settings(rank=8, codec="f16", density=0.4),
    Settings(rank=6, codec="int8", density=0.4, alpha=0.3),
    Settings(rank=6, density=0.1, space="delta", alpha=0.6),
    Settings(rank=8, codec="rdq"),
]
_KINDS = ["lora", "dora"]


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> None:
    """In models so small, several only wait for each other."""
    torch.set_num_threads(1)


def random_weight(shape: tuple[int, int], *, seed: int = 7) -> NDArray[np.float32]:
    """A base's weight."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def wide_module(out: int, width: int, *, rank: int = 3) -> Module:
    """Random components of a larger matrix."""
    rng = np.random.default_rng(1)
    u, v = (rng.standard_normal((rank, size)).astype(np.float32) for size in (out, width))
    return Module(u=u, s=np.ones(rank, np.float32), v=v)


@cache
def tiny_weights() -> Mapping[str, NDArray[np.float32]]:
    """The embedded base's matrices."""
    named = load_base(_BASE)[0].named_parameters()
    return {name.removesuffix(".weight"): values.detach().numpy() for name, values in named if values.ndim == 2}


def tiny_adapter(kind: str, *, rank: int = 8) -> Lora:
    """Random factors for every layer of the embedded base, of updates half as large as its weights."""
    rng = np.random.default_rng(5)
    modules = {}
    for name in sorted(name for name in tiny_weights() if name.endswith("_proj")):
        weight = tiny_weights()[name]
        out, width = weight.shape
        a = rng.standard_normal((rank, width)).astype(np.float32)
        b = rng.standard_normal((out, rank)).astype(np.float32)
        b *= np.float32(np.linalg.norm(weight) / np.linalg.norm(b @ a) / 2)
        norms = np.linalg.norm(weight + b @ a, axis=1) * rng.uniform(0.8, 1.2, out)
        modules[name] = Factors(a=a, b=b, magnitude=norms.astype(np.float32) if kind == "dora" else None)
    return Lora(modules=modules, rank=rank, alpha=float(rank))


@cache
def compressed(kind: str, settings: Settings) -> Osd:
    """The embedded base's adapter by these settings."""
    found = sources(tiny_adapter(kind))
    osd = fit(found, settings, budget=60_000) if settings.codec == "rdq" else compress(found, settings)
    return osd.osd


@pytest.mark.parametrize("alpha", [0.0, 0.25, 1.0])
@pytest.mark.parametrize("space", [None, *SPACES])
def test_an_update_is_added_to_the_weight(space: str | None, alpha: float) -> None:
    """W' = W + (1 - alpha) D + alpha D'."""
    found = module(space)
    weight = random_weight(found.shape)

    np.testing.assert_allclose(fuse(weight, found, alpha), weight + dense(found, alpha), atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 1), (64, 64), (63, 65), (130, 2000), (700, 200)])
def test_matrices_of_any_shape_are_fused(shape: tuple[int, int]) -> None:
    """Smaller and larger than what is worked on at a time, and of sizes that no tile divides."""
    found, weight = wide_module(*shape), random_weight(shape)

    np.testing.assert_allclose(fuse(weight, found, 1.0), weight + dense(found, 1.0), atol=2e-5)


@pytest.mark.parametrize("settings", _SETTINGS, ids=repr)
def test_law_11_the_norms_of_rows_are_those_of_a_dora_after_any_compression(settings: Settings) -> None:
    """Up to the rounding of float32: what is lost of an update turns rows, and makes none longer."""
    weights, osd = tiny_weights(), compressed("dora", settings)

    for name, fused in merged(osd, weights.__getitem__):
        magnitude = osd.modules[name].magnitude
        assert magnitude is not None
        np.testing.assert_allclose(np.linalg.norm(fused.astype(np.float64), axis=1), magnitude, rtol=1e-6)
        changed = weights[name] + dense(osd.modules[name], osd.settings.alpha)
        wanted = changed * (magnitude / np.linalg.norm(changed, axis=1))[:, None]
        np.testing.assert_allclose(fused, wanted, atol=1e-6)


@pytest.mark.parametrize("settings", _SETTINGS, ids=repr)
@pytest.mark.parametrize("kind", _KINDS)
def test_what_is_read_from_a_file_is_merged_bit_for_bit_the_same(kind: str, settings: Settings) -> None:
    """As from memory, in place or not, on one thread or more; every module once."""
    osd = compressed(kind, settings)
    data = encode(osd)
    weights = {name: weight.copy() for name, weight in tiny_weights().items()}

    wanted = dict(merged(osd, weights.__getitem__))
    whole = dict(streamed(data, weights.__getitem__, threads=1))
    for name, fused in streamed(data, weights.__getitem__, is_in_place=True, threads=3):
        assert fused is weights[name]

    assert whole.keys() == wanted.keys() == osd.modules.keys()
    for name, fused in wanted.items():
        np.testing.assert_array_equal(whole[name], fused)
        np.testing.assert_array_equal(weights[name], fused)


def test_a_file_is_read_one_group_at_a_time() -> None:
    """What is wrong with a later one is found when it is its turn, after the modules of the first."""
    rng = np.random.default_rng(1)
    rows = [rng.standard_normal((512, 512)).astype(np.float32) for _ in range(2)]
    large = Module(u=rows[0], s=np.ones(512, np.float32), v=rows[1])
    osd = Osd(modules={f"layers.{at}.q": large for at in range(2)}, settings=Settings(rank=512, codec="f32"))
    data = bytearray(encode(osd))
    data[-4:] = b"\xff\xff\xff\x7f"

    found = streamed(bytes(data), lambda _name: random_weight((512, 512)))

    assert next(found)[0] == "layers.0.q"
    with pytest.raises(FormatError, match="finite"):
        next(found)


@pytest.mark.parametrize("kind", _KINDS)
def test_merged_weights_are_those_that_peft_would_merge(tmp_path: Path, kind: str) -> None:
    """Of the exported adapter, as PEFT loads and merges it itself; its logits, merged or not, are the same."""
    osd = decode(encode(compressed(kind, _SETTINGS[2])))
    lora = osd.to_lora()
    (tmp_path / "adapter_model.safetensors").write_bytes(encode_tensors(lora))
    (tmp_path / "adapter_config.json").write_text(json.dumps(encode_config(lora, base="qwen3-tiny")))
    ids = torch.tensor([list(range(300, 340))])
    theirs = PeftModel.from_pretrained(load_base(_BASE)[0], str(tmp_path))
    ours, _ = load_base(_BASE)

    with torch.inference_mode():
        unmerged = theirs(input_ids=ids).logits
        for _name, _weight in streamed(encode(osd), weight_of(ours), is_in_place=True):
            pass
        logits = ours(input_ids=ids).logits

    assert ((logits - unmerged).abs().max() / unmerged.std()).item() < 1e-4
    peft_weights: Any = dict(theirs.merge_and_unload().named_parameters())
    for name in osd.modules:
        np.testing.assert_allclose(weight_of(ours)(name), peft_weights[f"{name}.weight"].detach(), atol=1e-6)


def weight_of(model: Any) -> Callable[[str], NDArray[np.float32]]:
    """The model's own weights, which are changed with what is given."""
    return lambda name: model.get_submodule(name).weight.data.numpy()


def test_a_mask_of_the_update_can_be_merged_and_nothing_else() -> None:
    """It is no LoRA; its entries that are kept, and no other ones, are in the weights."""
    found = module("delta")
    osd = Osd(modules={"a": found}, settings=Settings(rank=3, space="delta"))
    weight = random_weight(found.shape)

    ((_name, fused),) = merged(osd, lambda _name: weight)

    np.testing.assert_array_equal(fused != weight, found.mask)
    with pytest.raises(FormatError):
        osd.to_lora()


def test_nothing_kept_is_the_base_itself() -> None:
    """Bit for bit."""
    empty, weight = wide_module(80, 70, rank=0), random_weight((80, 70))

    np.testing.assert_array_equal(fuse(weight, empty, 1.0), weight)


def test_a_weight_is_changed_only_where_that_is_asked_for() -> None:
    """The result goes where it is told to, which may be the weight itself."""
    found, weight = wide_module(80, 70), random_weight((80, 70))
    before, other = weight.copy(), np.empty_like(weight)

    fused = fuse(weight, found, 1.0)
    assert fuse(weight, found, 1.0, out=other) is other
    np.testing.assert_array_equal(weight, before)
    assert fuse(weight, found, 1.0, out=weight) is weight

    np.testing.assert_array_equal(other, fused)
    np.testing.assert_array_equal(weight, fused)


def test_another_base_is_refused_by_the_name_of_the_module() -> None:
    """Also where numpy would stretch a weight to fit."""
    osd = Osd(modules={"layers.0.q": wide_module(8, 6)}, settings=Settings(rank=3))

    with pytest.raises(CompatibilityError, match=r"layers\.0\.q: weight: expected shape \(8, 6\), got \(1, 6\)"):
        next(merged(osd, lambda _name: random_weight((1, 6))))


def test_a_row_of_zeros_can_have_no_norm() -> None:
    """It has no direction: PEFT would make it nan. With the norm zero it stays what it is."""
    norms = np.ones(80, np.float32)
    found = replace(wide_module(80, 70, rank=0), magnitude=norms)
    weight = random_weight((80, 70))
    weight[77] = 0

    with pytest.raises(CompatibilityError, match="row 77"):
        fuse(weight, found, 1.0)

    norms[77] = 0
    assert not fuse(weight, found, 1.0)[77].any()


@pytest.mark.parametrize("out", [None, np.empty((8, 6)), np.empty((6, 8), np.float32)])
def test_other_numbers_than_float32_are_a_mistake_of_the_caller(out: Any) -> None:
    """Whoever has others makes them float32."""
    weight: Any = random_weight((8, 6)) if out is not None else random_weight((8, 6)).astype(np.float64)

    with pytest.raises(ValueError, match="expected float32"):
        fuse(weight, wide_module(8, 6), 1.0, out=out)
