"""A base with an adapter in its weights says what the adapter says; one that does not is refused."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from expertkit.adapters import Factors, Lora
from expertkit.errors import CompatibilityError, IntegrityError
from expertkit.osd import Settings
from expertkit.runtime.fidelity import ROUNDED, TOLERANCE, check_merged
from expertkit.runtime.loading import load_base
from expertkit.runtime.merging import write_merged
from tests.adapters.builders import random_prompt
from tests.osd.test_fusion import compressed, tiny_adapter

_BASE = Path("models/qwen3-tiny")
_KINDS = ["lora", "dora"]
_SETTINGS = Settings(rank=8, codec="int8", density=0.4, alpha=0.3)
_FILE = "model.safetensors"


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> None:
    """In models so small, several only wait for each other."""
    torch.set_num_threads(1)


@cache
def exact() -> Path:
    """The embedded base with weights in float32, in two files."""
    folder = Path(mkdtemp())
    model, tokenizer = load_base(_BASE)
    model.save_pretrained(folder, max_shard_size="4MB")
    tokenizer.save_pretrained(folder)
    assert len(list(folder.glob("*.safetensors"))) > 1
    return folder


@pytest.mark.parametrize("kind", _KINDS)
def test_merged_weights_say_what_the_adapter_says(tmp_path: Path, kind: str) -> None:
    """Up to rounding, a third of what is let pass, whatever files they lie in; on texts of one's own too."""
    lora = compressed(kind, _SETTINGS).to_lora()
    assert not write_merged(exact(), lora, tmp_path).is_rounded

    for prompts in ((), ("list price", "count every invoice")):
        found = check_merged(exact(), lora, tmp_path, prompts=prompts)
        assert 0 < found.difference < TOLERANCE / 3
        assert found.agreement == 1.0
    assert 2 <= found.places < 20


@pytest.mark.parametrize("kind", _KINDS)
def test_weights_keep_their_type(tmp_path: Path, kind: str) -> None:
    """Of 16 bits like the base's, with its metadata, so that it differs by their rounding."""
    lora = compressed(kind, _SETTINGS).to_lora()

    written = write_merged(_BASE, lora, tmp_path)

    merged, base = load_file(tmp_path / _FILE), load_file(_BASE / _FILE)
    changed = {name.removesuffix(".weight") for name in base if not torch.equal(merged[name], base[name])}
    assert changed == set(lora.modules)
    assert {values.dtype for values in merged.values()} == {torch.bfloat16}
    assert written.is_rounded
    assert written.bytes == (tmp_path / _FILE).stat().st_size == (_BASE / _FILE).stat().st_size
    with safe_open(tmp_path / _FILE, "pt") as stored:
        assert stored.metadata() == {"format": "pt"}
    assert TOLERANCE < check_merged(_BASE, lora, tmp_path, tolerance=ROUNDED).difference < ROUNDED / 2


def test_a_scale_counts(tmp_path: Path) -> None:
    """What a LoRA multiplies its product by is in the weights."""
    lora = replace(tiny_adapter("lora"), alpha=3.0)
    write_merged(exact(), lora, tmp_path)

    assert check_merged(exact(), lora, tmp_path).difference < TOLERANCE
    with pytest.raises(IntegrityError, match=r"expected the adapter's logits within 0\.0001"):
        check_merged(exact(), replace(lora, alpha=3.01), tmp_path)


def test_a_weight_that_was_left_out_is_found(tmp_path: Path) -> None:
    """One of all layers; also one to which an update was added twice, and one that is not a number."""
    lora = compressed("lora", _SETTINGS).to_lora()
    write_merged(_BASE, lora, tmp_path)
    merged, base = load_file(tmp_path / _FILE), load_file(_BASE / _FILE)
    name = f"{max(lora.modules)}.weight"

    for wrong in (base[name], 2 * merged[name] - base[name], torch.full_like(base[name], torch.nan)):
        save_file({**merged, name: wrong}, tmp_path / _FILE, metadata={"format": "pt"})
        with pytest.raises(IntegrityError, match="of the likeliest tokens are the same"):
            check_merged(_BASE, lora, tmp_path, tolerance=ROUNDED)


def test_what_fits_no_base_is_refused_by_name(tmp_path: Path) -> None:
    """A module that is not there, one of another shape, and an adapter that is no update of a matrix."""
    lora = tiny_adapter("lora")
    name, factors = next(iter(lora.modules.items()))
    short = Factors(a=factors.a[:, 1:], b=factors.b)

    for modules, message in (
        (
            {"model.layers.99.x": factors},
            "expected model.layers.99.x.weight in the safetensors files of ",
        ),
        ({name: short}, f"{name}: weight: expected shape"),
    ):
        with pytest.raises(CompatibilityError, match=message):
            write_merged(_BASE, Lora(modules=modules, rank=lora.rank, alpha=lora.alpha), tmp_path)
    with pytest.raises(CompatibilityError, match="expected a LoRA or DoRA, got"):
        write_merged(_BASE, random_prompt(tokens=3, width=128), tmp_path)
