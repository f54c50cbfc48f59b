"""Packages with an OSD file that is not what it says, all hashes being right: refused in both forms, and by layer."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from expertkit import osd
from expertkit.adapters import encode_tensors
from expertkit.containers import kinds
from expertkit.containers.reader import Container
from expertkit.containers.sources import Held
from expertkit.containers.writer import Options
from expertkit.errors import FormatError, IntegrityError
from expertkit.files import sha256_bytes
from expertkit.members.contents import Form
from expertkit.osd import Module, Osd, Settings
from expertkit.packages.making.build import prepare
from expertkit.packages.making.members import collect
from expertkit.packages.names import ADAPTER_CONFIG, MANIFEST, OSD, TENSORS
from expertkit.packages.packaged import open_packaged
from expertkit.packages.reading.opening import open_expert
from expertkit.packages.streaming import Layers
from expertkit.packages.vouching.verify import verify
from expertkit.packages.writing import write_container
from tests.adapters.builders import random_lora
from tests.archives.builders import encode as encode_archive
from tests.cli.running import run
from tests.containers.builders import patched
from tests.packages.builders import RECIPE, SMALL, compress, make_project, put, verifier

FORMS: tuple[Form, ...] = ("archive", "container")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a compressed adapter."""
    folder = make_project(tmp_path_factory.mktemp("project"))
    compress(folder)
    return folder


def rewritten(
    project: Path, change: Callable[[dict[str, bytes]], None], *, form: Form, is_known: bool = True
) -> bytes:  # fmt: skip
    """A package of the members with something changed and all hashes made right, and those of the adapter."""
    members = collect(prepare(project, RECIPE))
    change(members)
    manifest = json.loads(members.pop(MANIFEST))
    if is_known and OSD in members:
        facts = {"size_bytes": len(members[OSD]), "sha256": sha256_bytes(members[OSD])}
        manifest["base_models"][0]["adapters"][0] |= facts
        evaluation = json.loads(members["evaluation.json"])
        members["evaluation.json"] = json.dumps({**evaluation, "adapter_digest": facts["sha256"]}).encode()
    manifest["integrity"]["files"] = {name: sha256_bytes(data) for name, data in sorted(members.items())}
    members[MANIFEST] = json.dumps(manifest).encode()
    if form == "archive":
        return encode_archive(members)
    file = io.BytesIO()
    write_container(file, {name: Held(data) for name, data in members.items()}, options=Options())
    return file.getvalue()


def settings_of(codec: Any) -> Settings:
    """A way to keep everything."""
    return Settings(rank=1, codec=codec)


def infinite() -> bytes:
    """Numbers that are finite, and not once they are decoded."""
    largest = np.finfo(np.float32).max
    u, v = (np.full((1, width), largest, np.float32) for width in (8, 6))
    module = Module(u=u, s=np.full(1, largest, np.float32), v=v)
    return osd.encode(Osd(modules={"model.layers.0.self_attn.q_proj": module}, settings=settings_of("f32")))


def with_nan() -> bytes:
    """A number that is none."""
    data = osd.compress(osd.sources(random_lora()), Settings(rank=3, codec="f32")).data
    return data[:-4] + np.array([np.nan], "<f4").tobytes()


def unbelievable() -> bytes:
    """Few bytes that stand for many tensors."""
    module = Module(u=np.zeros((0, 1 << 22), np.float32), s=np.zeros(0, np.float32), v=np.zeros((0, 9), np.float32))
    return osd.encode(Osd(modules={f"layers.{at}.q_proj": module for at in range(3)}, settings=settings_of("f16")))


HOSTILE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _data: b"",
    "cut by a byte": lambda data: data[:-1],
    "cut in its header": lambda data: data[:40],
    "with a byte more": lambda data: data + b"\0",
    "of another magic number": lambda data: b"OSDADPT\2" + data[8:],
    "with a length of the header beyond the file": lambda data: data[:8] + b"\xff\xff\xff\x7f" + data[12:],
    "with a header that would be large": lambda data: data[:12] + b"\xff\xff\xff\x7f" + data[16:],
    "with numbers that are none": lambda _data: with_nan(),
    "of safetensors": lambda _data: encode_tensors(random_lora()),
    "with numbers that overflow": lambda _data: infinite(),
    "of zeros without end": lambda _data: unbelievable(),
    "of an update without low rank": lambda _data: (
        osd.compress(osd.sources(random_lora()), replace(SMALL, space="delta")).data
    ),
}


def changed(hostile: str) -> Callable[[dict[str, bytes]], None]:
    """Puts a hostile file in place of the sound one."""

    def change(members: dict[str, bytes]) -> None:
        members[OSD] = HOSTILE[hostile](members[OSD])

    return change


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_package_with_a_hostile_osd_file_is_refused(
    project: Path, tmp_path: Path, form: Form, hostile: str
) -> None:  # fmt: skip
    """However it is opened, all hashes being right; with the exit status of broken trust where that is asked for."""
    put(tmp_path / "a.expert", rewritten(project, changed(hostile), form=form))
    message = rf"a\.expert: {OSD}: (osd|zstd)"

    with pytest.raises(FormatError, match=message):
        open_expert(tmp_path / "a.expert")
    with pytest.raises(FormatError, match=message):
        open_packaged(tmp_path / "a.expert")
    with pytest.raises(IntegrityError, match=message):
        verify(tmp_path / "a.expert", verifier=verifier())


@pytest.mark.parametrize("hostile", HOSTILE)
def test_the_layers_of_a_hostile_osd_file_are_not_given(project: Path, hostile: str) -> None:
    """Of a container whose sections nobody has read before; the section is named."""
    container = Container(Held(rewritten(project, changed(hostile), form="container")))

    for is_whole in (True, False):
        with Layers(container) as layers, pytest.raises(FormatError, match=r"^section 1 \(osd") as refusal:
            assert layers.load() if is_whole else layers[0]
        assert refusal.value.offset == container.entries[0].at


@pytest.mark.parametrize("form", FORMS)
def test_nothing_is_unpacked_of_a_hostile_osd_file(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: Form
) -> None:  # fmt: skip
    """By the command, which asks nobody who vouches for it."""
    put(tmp_path / "a.expert", rewritten(project, changed("with numbers that are none"), form=form))
    monkeypatch.chdir(tmp_path)

    done = run("unpack a.expert new --unsigned", status=11)

    assert f"{OSD}: osd" in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"a.expert"}


@pytest.mark.parametrize("form", FORMS)
def test_one_file_alone_carries_the_adapter(project: Path, tmp_path: Path, form: Form) -> None:
    """Both or none is refused, in a container before any section is read."""

    def add(members: dict[str, bytes]) -> None:
        members[TENSORS] = encode_tensors(random_lora())

    def drop(members: dict[str, bytes]) -> None:
        del members[OSD]

    for change, got in ((add, "both"), (drop, "none")):
        put(tmp_path / "a.expert", rewritten(project, change, form=form))
        with pytest.raises(FormatError, match=rf"expected {TENSORS} or {OSD}, got {got}"):
            open_expert(tmp_path / "a.expert", is_whole=False)


def test_layers_of_two_adapters_are_not_given(project: Path) -> None:
    """Of a container that nobody compared with its manifest."""

    def add(members: dict[str, bytes]) -> None:
        members[TENSORS] = encode_tensors(random_lora())

    container = Container(Held(rewritten(project, add, form="container")))

    with Layers(container) as layers, pytest.raises(FormatError, match="expected no other adapter beside it"):
        layers.load()


@pytest.mark.parametrize("form", FORMS)
def test_a_manifest_about_another_adapter_is_refused(project: Path, tmp_path: Path, form: Form) -> None:
    """Its rank, its bytes, where it lies, and the config beside it."""
    adapters: list[dict[str, Any]] = [{"r": 2}, {"type": "lora", "alpha": 3}, {"path": TENSORS}, {"size_bytes": 1}]
    for wrong in adapters:
        put(tmp_path / "a.expert", rewritten(project, saying(wrong), form=form, is_known=False))
        with pytest.raises(IntegrityError, match=r"as the manifest says, got osd of rank 3|base_models"):
            open_expert(tmp_path / "a.expert")


def saying(said: dict[str, Any]) -> Callable[[dict[str, bytes]], None]:
    """Lets the manifest say something else of the adapter."""

    def change(members: dict[str, bytes]) -> None:
        manifest = json.loads(members[MANIFEST])
        manifest["base_models"][0]["adapters"][0] |= said
        members[MANIFEST] = json.dumps(manifest).encode()

    return change


@pytest.mark.parametrize("form", FORMS)
def test_a_config_of_another_scale_is_refused(project: Path, tmp_path: Path, form: Form) -> None:
    """PEFT would load another adapter than this program."""

    def change(members: dict[str, bytes]) -> None:
        config = json.loads(members[ADAPTER_CONFIG])
        members[ADAPTER_CONFIG] = json.dumps({**config, "lora_alpha": 6}).encode()

    put(tmp_path / "a.expert", rewritten(project, change, form=form))

    with pytest.raises(
        FormatError, match=rf"{ADAPTER_CONFIG}, model.*: expected an alpha that makes its scale 1, got 2"
    ):
        open_expert(tmp_path / "a.expert")


def test_an_osd_file_of_another_type_of_section_is_refused(project: Path, tmp_path: Path) -> None:
    """By its name it is known what it has to be."""
    data = rewritten(project, lambda _members: None, form="container")
    put(tmp_path / "a.expert", patched(data, lambda pieces: pieces.entries[0].update(type=kinds.GRAMMAR.number)))

    with pytest.raises(FormatError, match=rf"grammar '{OSD}'.*expected type osd, got grammar"):
        open_expert(tmp_path / "a.expert", is_whole=False)
