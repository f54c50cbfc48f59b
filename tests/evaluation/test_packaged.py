"""An expert read out of its package is the one that was packed."""

from __future__ import annotations

from pathlib import Path

import pytest

from expertkit.adapters import encode_tensors
from expertkit.errors import FormatError
from expertkit.evaluation.packaged import open_packaged
from expertkit.packages.weights import read_adapter
from tests.packages.builders import RECIPE, WEIGHTS, make_project, pack


def test_the_adapter_is_the_packed_one(tmp_path: Path) -> None:
    """Its values, its base, and how that is asked."""
    project = make_project(tmp_path)
    opened = open_packaged(pack(project))

    assert encode_tensors(opened.adapter) == encode_tensors(read_adapter(project / WEIGHTS, hint=""))
    assert (opened.base.name, opened.base.prompt_template) == (RECIPE.base, RECIPE.prompt_template)
    assert len(opened.content_digest) == 64


def test_what_is_no_package_is_not_opened(tmp_path: Path) -> None:
    """The reader's error, as everywhere."""
    path = tmp_path / "a.expert"
    path.write_bytes(b"no package")

    with pytest.raises(FormatError):
        open_packaged(path)
