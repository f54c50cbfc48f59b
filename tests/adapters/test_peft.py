"""PEFT's files: what we write peft reads, what we read is what we write."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from expertkit.adapters import Adapter, decode, describe, encode_config, encode_tensors, to_tensors
from expertkit.adapters.dtypes import DTYPES, DType, rounded
from expertkit.adapters.tensors import encode
from expertkit.errors import FormatError
from tests.adapters.builders import ADAPTERS, answer, random_lora, random_prompt


@pytest.mark.parametrize("dtype", DTYPES)
def test_an_adapter_survives_its_files(dtype: DType) -> None:
    """Reading gives the adapter that was written, rounded to its dtype."""
    lora = random_lora(dtype=dtype)

    back = decode(encode_tensors(lora), encode_config(lora, base="tiny"))

    assert (back.rank, back.alpha, back.dropout, back.dtype) == (4, 8.0, 0.05, dtype)
    for name, factors in lora.modules.items():
        assert np.array_equal(back.modules[name].a, rounded(factors.a, dtype))
        assert np.array_equal(back.modules[name].b, rounded(factors.b, dtype))


def test_the_order_of_modules_does_not_change_the_bytes() -> None:
    """Equal adapters give equal files."""
    lora = random_lora()
    other = replace(lora, modules=dict(reversed(list(lora.modules.items()))))

    assert encode_tensors(other) == encode_tensors(lora)
    assert json.dumps(encode_config(other, base="tiny")) == json.dumps(encode_config(lora, base="tiny"))


@pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=ADAPTERS.keys())
def test_every_kind_survives_its_files(adapter: Adapter) -> None:
    """Arrays, settings and kind; the description in words follows from names and shapes alone."""
    data, config = encode_tensors(adapter), encode_config(adapter, base="tiny")

    back = decode(data, config)

    assert (encode_tensors(back), encode_config(back, base="tiny")) == (data, config)
    assert (type(back), back.kind, back.parameters) == (type(adapter), adapter.kind, adapter.parameters)
    words = {"ia3": "ia3 on down_proj, q_proj", "prompt": "prompt of 4 tokens"}
    said = words.get(adapter.kind, f"{adapter.kind} of rank 4 on down_proj, q_proj")
    assert describe({name: values.shape for name, values in to_tensors(adapter).items()}) == said


OF_MODULES = {name: adapter for name, adapter in ADAPTERS.items() if adapter.kind != "prompt"}


@pytest.mark.parametrize("adapter", OF_MODULES.values(), ids=OF_MODULES.keys())
def test_peft_loads_both_files(tmp_path: Path, adapter: Adapter) -> None:
    """PEFT injects the written adapter into a model, whose layers then give what the formulas say."""
    torch = pytest.importorskip("torch")
    peft = pytest.importorskip("peft")
    model = tiny_model(torch)
    block = model.model.layers[0]
    layers = {"self_attn.q_proj": block.self_attn.q_proj, "mlp.down_proj": block.mlp.down_proj}
    weights = {name: layer.weight.detach().numpy().copy() for name, layer in layers.items()}
    write(tmp_path, adapter)

    loaded = peft.PeftModel.from_pretrained(model, str(tmp_path)).base_model.model.model.layers[0]

    for name, weight in weights.items():
        given = np.linspace(-1, 1, weight.shape[1], dtype=np.float32)
        after = loaded.get_submodule(name)(torch.from_numpy(given)[None]).detach().numpy()[0]
        assert np.allclose(after, answer(adapter, f"model.layers.0.{name}", weight, given), atol=1e-4)


def write(folder: Path, lora: Any) -> None:
    """An adapter's two files, as a folder that PEFT loads."""
    (folder / "adapter_model.safetensors").write_bytes(encode_tensors(lora))
    (folder / "adapter_config.json").write_text(json.dumps(encode_config(lora, base="tiny")))


def tiny_model(torch: Any) -> Any:
    """Nested modules with the names and shapes of the small adapter."""
    block = torch.nn.ModuleDict(
        {
            "self_attn": torch.nn.ModuleDict({"q_proj": torch.nn.Linear(6, 8, bias=False)}),
            "mlp": torch.nn.ModuleDict({"down_proj": torch.nn.Linear(12, 6, bias=False)}),
        }
    )
    model = torch.nn.Module()
    model.model = torch.nn.Module()
    model.model.layers = torch.nn.ModuleList([block])
    model.prepare_inputs_for_generation = None
    return model


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("r", 3), ("r", 0), ("r", "4"), ("r", 10**9), ("r", True), ("lora_alpha", 0), ("lora_alpha", float("nan")),
        ("lora_alpha", None), ("lora_dropout", 1), ("target_modules", "q_.*"), ("target_modules", ["q_proj"]),
        ("use_dora", True), ("bias", "all"), ("peft_type", "IA3"),
        ("rank_pattern", {"q_proj": 2}), ("auto_mapping", {"base_model_class": "x"}), ("modules_to_save", ["lm_head"]),
    ],
)  # fmt: skip
def test_a_config_that_means_something_else_is_refused(key: str, value: object) -> None:
    """A setting that we do not support, or that contradicts the tensors, stops the reading."""
    lora = random_lora()
    config = encode_config(lora, base="tiny") | {key: value}

    with pytest.raises(FormatError, match=key if value != 3 else "rank"):
        decode(encode_tensors(lora), config)


@pytest.mark.parametrize(
    "names",
    [["base_model.model.m.lora_A.weight"], ["m.weight"], ["base_model.model.m.lora_A.default.weight"]],
    ids=["half a pair", "no adapter", "a name in use"],
)
def test_tensors_that_are_no_adapter_are_refused(names: list[str]) -> None:
    """Only complete pairs under PEFT's names are taken."""
    data = encode({name: np.zeros((4, 4), dtype=np.float32) for name in names}, "float32")

    with pytest.raises(FormatError, match="adapter"):
        decode(data, encode_config(random_lora(), base="tiny"))


@pytest.mark.parametrize(
    ("key", "value"),
    [("num_virtual_tokens", 5), ("token_dim", 8), ("token_dim", None), ("num_transformer_submodules", 2),
     ("prompt_tuning_init", "TEXT"), ("peft_type", "LORA"), ("task_type", "SEQ_CLS")],
)  # fmt: skip
def test_a_soft_prompt_is_what_its_config_says(key: str, value: object) -> None:
    """Its tokens, its width, and nothing that would read it otherwise."""
    prompt = random_prompt()

    with pytest.raises(FormatError, match=key):
        decode(encode_tensors(prompt), encode_config(prompt, base="tiny") | {key: value})


@pytest.mark.parametrize(
    "tensors",
    [{"prompt_embeddings": (4, 6), "base_model.model.m.ia3_l": (4, 1)}, {"prompt_embeddings": (513, 6)},
     {"prompt_embeddings": (6,)}],
    ids=["beside other tensors", "too long", "a vector"],
)  # fmt: skip
def test_what_is_no_soft_prompt_is_refused(tensors: dict[str, tuple[int, ...]]) -> None:
    """It is one matrix of at most 512 rows, alone in its file."""
    data = encode({name: np.zeros(shape, dtype=np.float32) for name, shape in tensors.items()}, "float32")

    with pytest.raises(FormatError, match=r"adapter"):
        decode(data, encode_config(random_prompt(), base="tiny"))


def test_a_rank_beyond_all_bounds_is_refused() -> None:
    """Also one that the settings name for a single module."""
    lora = random_lora()
    names = [f"base_model.model.m.lora_{part}.weight" for part in "AB"]
    data = encode({names[0]: np.zeros((1100, 2), np.float32), names[1]: np.zeros((2, 1100), np.float32)}, "float32")
    config = encode_config(lora, base="tiny") | {"rank_pattern": {"m": 1100}, "target_modules": ["m"]}

    with pytest.raises(FormatError, match=r"one rank in 1\.\.1024"):
        decode(data, config)


def test_factors_of_two_ranks_are_refused() -> None:
    """The two halves of a pair must share their inner dimension."""
    shapes = {"base_model.model.m.lora_A.weight": (4, 2), "base_model.model.m.lora_B.weight": (2, 3)}
    data = encode({name: np.zeros(shape, dtype=np.float32) for name, shape in shapes.items()}, "float32")

    with pytest.raises(FormatError, match="one rank"):
        decode(data, encode_config(random_lora(), base="tiny"))
