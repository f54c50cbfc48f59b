"""An expert is compared with its base before anything of it is used."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from expertkit.adapters.tensors import encode
from expertkit.containers.reader import Container
from expertkit.containers.sources import mapped
from expertkit.errors import CompatibilityError
from expertkit.manifest import Manifest
from expertkit.packages.fitting import fitting
from expertkit.packages.reading.container import outline
from expertkit.packages.streaming import Layers
from tests.adapters.builders import SHAPES, matrix
from tests.packages.builders import RECIPE, compress, make_project, pack, put

BINARY = replace(RECIPE, package=replace(RECIPE.package, format="binary"))
BASE = "models/nano"


@pytest.fixture(params=["tensors", "osd"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A project with a container in build/packages, whose adapter is stored in either way."""
    make_project(tmp_path)
    if request.param == "osd":
        compress(tmp_path)
    pack(tmp_path, BINARY)
    return tmp_path


def opened(project: Path) -> tuple[Container, Manifest]:
    """The container with its manifest."""
    container = Container(mapped(next((project / "build/packages/expert-mini-nano").glob("*.expert"))))
    return container, outline(container, file="a.expert").reading.manifest


def test_layers_that_fit_are_given(project: Path) -> None:
    """Fingerprint, tokenizer and every shape are those of the base."""
    container, manifest = opened(project)

    with Layers(container, check=fitting(manifest, project / BASE)) as layers:
        found = layers.load()

    assert {name.rpartition(".lora_")[0].removeprefix("base_model.model.") for name in found} == {*SHAPES}


def test_another_base_is_refused_before_a_layer_is_read(project: Path) -> None:
    """One more byte of its config is enough."""
    _container, manifest = opened(project)
    put(project / BASE / "config.json", {"architectures": ["Other"]})

    with pytest.raises(CompatibilityError, match="expected nano of fingerprint"):
        fitting(manifest, project / BASE)


def test_another_tokenizer_than_the_packed_one_is_refused(project: Path) -> None:
    """Even where somebody made the manifest's fingerprint that of the changed base."""
    from expertkit.bases import fingerprint

    _container, manifest = opened(project)
    put(project / BASE / "tokenizer.json", {"version": "2.0"})
    (entry,) = manifest.base_models
    forged = replace(manifest, base_models=(replace(entry, sha256=fingerprint(project / BASE)),))

    with pytest.raises(CompatibilityError, match=r"tokenizer\.json: expected SHA-256 .* as packed"):
        fitting(forged, project / BASE)


def test_tensors_of_another_shape_are_refused_when_their_layer_is_asked_for(project: Path) -> None:
    """The shapes are compared layer by layer, before anybody gets one."""
    from expertkit.bases import fingerprint

    container, manifest = opened(project)
    weights = {f"{name}.weight": matrix(shape[0] + 1, shape[1]) for name, shape in SHAPES.items()}
    put(project / BASE / "model.safetensors", encode(weights, "float32"))
    (entry,) = manifest.base_models
    forged = replace(manifest, base_models=(replace(entry, sha256=fingerprint(project / BASE)),))

    with (
        Layers(container, check=fitting(forged, project / BASE)) as layers,
        pytest.raises(CompatibilityError, match="expected linear layers of the base"),
    ):
        layers[layers.order[0]]
