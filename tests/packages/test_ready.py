"""One call from a stored container to its layers, in which nothing that has to be asked is left out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from expertkit.adapters import encode_tensors, to_tensors
from expertkit.adapters.soft_prompt import SoftPrompt
from expertkit.containers.reader import Container
from expertkit.containers.sources import Held
from expertkit.errors import CompatibilityError, SignatureError, UnsupportedError
from expertkit.manifest.parse import parse
from expertkit.packages.names import TENSORS
from expertkit.packages.ready import make_ready
from expertkit.packages.sections import drafts
from expertkit.packages.store import Store
from expertkit.packages.streaming import Layers
from expertkit.packages.weights import read_adapter
from tests.adapters.builders import ADAPTERS
from tests.containers.builders import written
from tests.packages.builders import MANIFEST, RECIPE, WEIGHTS, make_project, pack, put, sign, verifier

BINARY = replace(RECIPE, package=replace(RECIPE.package, format="binary"))


def stored(project: Path, path: Path) -> tuple[Store, str]:
    """A store with this package, and its digest there."""
    store = Store(project / "store")
    return store, store.put(path)


def test_a_signed_container_becomes_ready_for_its_base(tmp_path: Path) -> None:
    """The tensors are those of the adapter, and outlive the block."""
    project = make_project(tmp_path)
    store, digest = stored(project, sign(project, BINARY))

    with make_ready(digest, store=store, verifier=verifier(), base=project / "models/nano") as ready:
        found = dict(ready.layers.load())

    adapter = read_adapter(project / WEIGHTS, hint="")
    assert ready.manifest.name == ready.statement.name == "expert-mini"
    assert {name: tensor.values().tolist() for name, tensor in found.items()} == {
        name: values.tolist() for name, values in to_tensors(adapter).items()
    }


def test_nothing_is_ready_that_nobody_vouches_for(tmp_path: Path) -> None:
    """Unsigned, or signed by another key."""
    project = make_project(tmp_path)
    unsigned, signed = pack(project, BINARY), sign(project, BINARY)

    for path, who in ((unsigned, verifier()), (signed, verifier(2))):
        store, digest = stored(project, path)
        with (
            pytest.raises(SignatureError),
            make_ready(digest, store=store, verifier=who, base=project / "models/nano"),
        ):
            pass


def test_nothing_is_ready_for_another_base(tmp_path: Path) -> None:
    """Even where the publisher is right."""
    project = make_project(tmp_path)
    store, digest = stored(project, sign(project, BINARY))
    put(project / "models/nano/config.json", {})

    with (
        pytest.raises(CompatibilityError),
        make_ready(digest, store=store, verifier=verifier(), base=project / "models/nano"),
    ):
        pass


def test_an_archive_is_not_used_in_place_of_a_container(tmp_path: Path) -> None:
    """The command that makes a container of it is named."""
    project = make_project(tmp_path)
    store, digest = stored(project, sign(project))

    with (
        pytest.raises(UnsupportedError) as refused,
        make_ready(digest, store=store, verifier=verifier(), base=project / "models/nano"),
    ):
        pass

    assert refused.value.hint == "expert-cli convert makes a container of an archive"


def test_a_soft_prompt_is_one_layer_of_no_number() -> None:
    """Its section has the member's own bytes."""
    prompt = next(each for each in ADAPTERS.values() if isinstance(each, SoftPrompt))
    data = written(drafts({TENSORS: Held(encode_tensors(prompt))}, parse(MANIFEST, file="m").manifest))

    with Layers(Container(Held(data))) as layers:
        found = layers.load()

    assert layers.order == (None,)
    assert found["prompt_embeddings"].values().tolist() == prompt.embeddings.tolist()
