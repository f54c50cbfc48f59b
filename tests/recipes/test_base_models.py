"""The files of configs/base_models/ say where a base comes from, one way each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from expertkit.bases import BaseModel
from expertkit.errors import ConfigError
from expertkit.recipes.base_models import read_base_config
from tests.recipes.builders import base_text, edit, write

REVISION = "c" * 40


def write_base(folder: Path, text: str) -> None:
    """Describe the base model ``tiny``."""
    write(folder / "configs/base_models/tiny.yaml", text)


def test_a_folder_and_a_hub_model_are_described_alike(tmp_path: Path) -> None:
    """Nothing after this point knows which one it has: it is read from models/, where it is brought."""
    write_base(tmp_path, f"name: tiny\nsource: {{hub: Org/Tiny, revision: {REVISION}}}\nfingerprint: {'a' * 64}\n")
    write(tmp_path / "configs/base_models/local.yaml", base_text("local"))
    write(tmp_path / "configs/base_models/far.yaml", base_text("far").replace("models/far", "/elsewhere/far"))

    hub, local, far = (read_base_config(tmp_path, name) for name in ("tiny", "local", "far"))

    installed = BaseModel(name="tiny", path="models/tiny", hub="Org/Tiny", revision=REVISION, fingerprint="a" * 64)
    assert (hub.model(), hub.source_model()) == (installed, replace(installed, path=None))
    assert local.model() == local.source_model()
    assert local.model() == BaseModel(name="local", path="models/local", hub=None, revision=None, fingerprint=None)
    assert (far.model().path, far.source_model().path) == ("models/far", "/elsewhere/far")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("{path: models/tiny}", "{}", "source: expected either path or hub, got neither"),
        (
            "{path: models/tiny}",
            f"{{path: a, hub: a/b, revision: {REVISION}}}",
            "source: expected either path or hub, got both",
        ),
        (
            "{path: models/tiny}",
            "{hub: a/b}",
            "source.revision: expected a revision with a hub id, and only with one, got nothing",
        ),
        (
            "{path: models/tiny}",
            f"{{path: a, revision: {REVISION}}}",
            "source.revision: expected a revision with a hub id",
        ),
        (
            "{path: models/tiny}",
            "{hub: a/b, revision: main}",
            'source.revision: expected a commit of 40 hex digits, got "main"',
        ),
        (
            "{path: models/tiny}",
            "{hub: ab, revision: main}",
            "source.hub: expected a hub id such as 'Qwen/Qwen3-0.6B', got \"ab\"",
        ),
        (
            "{path: models/tiny}",
            f"{{hub: a/b, revision: {REVISION}}}",
            "build: expected nothing for a hub model, which is fetched, got settings",
        ),
        (
            "fingerprint: null",
            "fingerprnt: null",
            "fingerprnt: expected a known key, got \"fingerprnt\", did you mean 'fingerprint'?",
        ),
        ("name: tiny", "name: other", "name: expected the file's name 'tiny', got 'other'"),
    ],
)
def test_a_description_that_is_unclear_is_refused(tmp_path: Path, old: str, new: str, told: str) -> None:
    """Each mistake is told with its place in the file."""
    write_base(tmp_path, base_text("tiny"))
    edit(tmp_path / "configs/base_models/tiny.yaml", old, new)

    with pytest.raises(ConfigError) as refusal:
        read_base_config(tmp_path, "tiny")

    assert any(f"configs/base_models/tiny.yaml: {told}" in str(problem) for problem in refusal.value.problems)


def test_an_unknown_base_is_told_with_the_nearest_one(tmp_path: Path) -> None:
    """A typing mistake on the command line is met with a guess."""
    write_base(tmp_path, base_text("tiny"))

    with pytest.raises(
        ConfigError, match="expected a base model of configs/base_models/, got \"tniy\", did you mean 'tiny'"
    ):
        read_base_config(tmp_path, "tniy")
