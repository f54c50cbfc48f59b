"""Stage ``decompose`` on disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from expertkit.adapters import Factors, Lora
from expertkit.errors import FormatError, PackagingError
from expertkit.files import read_json
from expertkit.packages.decomposition import decompose_adapter
from expertkit.packages.weights import read_adapter, write_adapter
from expertkit.recipes import DecomposeConfig
from tests.adapters.builders import SHAPES, random_lora, update
from tests.packages.builders import RECIPE, WEIGHTS, make_project, put, train


def test_the_written_adapter_is_the_trained_one(tmp_path: Path) -> None:
    """The shipping adapter loads, has alpha equal to its rank, and gives the same update."""
    make_project(tmp_path)

    shipped = read_adapter(tmp_path / WEIGHTS, hint="")

    assert (shipped.alpha, shipped.dtype) == (4.0, "bfloat16")
    for name in SHAPES:
        assert np.allclose(update(shipped, name), update(random_lora(1), name), atol=0.2)


def test_what_was_found_is_written_beside(tmp_path: Path) -> None:
    """Spectrum and summary agree with each other and with what the command prints."""
    make_project(tmp_path)
    folder = tmp_path / "build/decompose/expert-mini-nano"

    printed = decompose_adapter(tmp_path, RECIPE)

    rows = (folder / "spectrum.csv").read_text().splitlines()
    assert rows[0] == "module,index,singular_value,energy"
    assert len(rows) == 1 + 2 * 4
    assert read_json(folder / "metrics.json") == printed
    assert 0 < printed["error"]["max"] <= printed["error"]["promised"]


def test_repeating_gives_the_same_bytes(tmp_path: Path) -> None:
    """Nothing in the outputs depends on time or chance."""
    make_project(tmp_path)
    before = {path: path.read_bytes() for path in outputs(tmp_path)}

    decompose_adapter(tmp_path, RECIPE)

    assert {path: path.read_bytes() for path in outputs(tmp_path)} == before


def outputs(project: Path) -> list[Path]:
    """Every file that the stage writes."""
    folders = (project / WEIGHTS, project / "build/decompose")
    return sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())


def test_an_untrained_expert_is_named_with_the_command_that_helps(tmp_path: Path) -> None:
    """A missing adapter is a clear error."""
    with pytest.raises(PackagingError, match=r"adapter_model\.safetensors") as refusal:
        decompose_adapter(tmp_path, RECIPE)

    assert refusal.value.hint == "expert-cli train --expert expert-mini --base nano"


def test_an_adapter_too_large_for_its_dtype_is_refused_and_nothing_replaced(tmp_path: Path) -> None:
    """The adapter that was there before stays."""
    make_project(tmp_path)
    before = (tmp_path / WEIGHTS / "adapter_model.safetensors").read_bytes()
    huge = {"m.q_proj": Factors(a=np.full((1, 2), 1e6, dtype=np.float32), b=np.full((2, 1), 1e6, dtype=np.float32))}
    write_adapter(tmp_path / "build/train/expert-mini-nano", Lora(rank=1, alpha=1.0, modules=huge), base="nano")

    with pytest.raises(FormatError, match="float16"):
        decompose_adapter(tmp_path, replace(RECIPE, decompose=DecomposeConfig(dtype="float16")))

    assert (tmp_path / WEIGHTS / "adapter_model.safetensors").read_bytes() == before


def test_a_malformed_adapter_is_refused(tmp_path: Path) -> None:
    """A config that is not strict JSON, and tensors that are cut, are format errors."""
    train(tmp_path)
    folder = tmp_path / "build/train/expert-mini-nano"
    put(folder / "adapter_config.json", b'{"r": NaN}')

    with pytest.raises(FormatError, match="adapter_config"):
        decompose_adapter(tmp_path, RECIPE)
