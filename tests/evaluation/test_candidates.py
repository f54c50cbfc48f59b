"""Who is compared: what is shipped, in the bytes that will be packed, and what was trained where that is another."""

from __future__ import annotations

from pathlib import Path

import pytest

from expertkit import osd
from expertkit.adapters import encode_tensors
from expertkit.errors import FormatError, PackagingError
from expertkit.evaluation.candidates import read_candidates
from expertkit.files import sha256_bytes
from expertkit.osd import Settings
from expertkit.packages.weights import read_adapter, write_adapter
from tests.adapters.builders import random_lora
from tests.packages.builders import RECIPE, WEIGHTS, compress, make_project


def test_a_compressed_adapter_is_compared_with_the_trained_one(tmp_path: Path) -> None:
    """It is asked as what it decodes to, and the digest is that of the file which will be packed."""
    project = make_project(tmp_path)
    data = compress(project)

    found = read_candidates(project, RECIPE)

    assert encode_tensors(found.expert) == encode_tensors(osd.decode(data).to_lora())
    assert found.adapter_digest == sha256_bytes(data)
    assert found.trained is not None
    trained = read_adapter(project / "build/train" / RECIPE.key, hint="")
    assert encode_tensors(found.trained) == encode_tensors(trained)


def test_a_trained_adapter_that_nothing_was_lost_of_is_not_asked_twice(tmp_path: Path) -> None:
    """All components, each number as it is: the file changes the base as the trained one does."""
    project = make_project(tmp_path)
    compress(project, settings=Settings(rank=4, codec="f32"))

    assert read_candidates(project, RECIPE).trained is None


def test_two_files_that_carry_the_adapter_or_none_are_refused(tmp_path: Path) -> None:
    """Nobody knows which will be shipped; what makes one is named."""
    project = make_project(tmp_path)
    compress(project)
    (project / WEIGHTS / osd.NAME).rename(tmp_path / "elsewhere")

    with pytest.raises(PackagingError) as refusal:
        read_candidates(project, RECIPE)
    assert refusal.value.hint == "expert-cli decompose --expert expert-mini --base nano"

    (tmp_path / "elsewhere").rename(project / WEIGHTS / osd.NAME)
    write_adapter(project / WEIGHTS, random_lora(), base="nano")
    with pytest.raises(FormatError, match="got both"):
        read_candidates(project, RECIPE)
