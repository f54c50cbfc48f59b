"""An expert whose adapter is an OSD file: the same member in both forms, read as strictly as tensors are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from expertkit import osd
from expertkit.adapters import encode_tensors, tensors
from expertkit.containers import kinds
from expertkit.containers.reader import Container
from expertkit.containers.sources import Held
from expertkit.containers.writer import Options
from expertkit.errors import FormatError, IntegrityError, PackagingError
from expertkit.files import sha256_bytes
from expertkit.members.contents import Form
from expertkit.packages.conversion import convert
from expertkit.packages.difference import diff
from expertkit.packages.exporting import export_adapter
from expertkit.packages.inspection import inspect, render
from expertkit.packages.making.build import build, prepare
from expertkit.packages.names import ADAPTER_CONFIG, LICENSE, OSD, TENSORS
from expertkit.packages.packaged import open_packaged
from expertkit.packages.reading.opening import open_expert
from expertkit.packages.reading.unpack import unpack
from expertkit.packages.streaming import Layers
from expertkit.packages.vouching.verify import verify
from expertkit.packages.weights import read_adapter, write_adapter
from expertkit.packages.writing import Built
from tests.adapters.builders import random_lora
from tests.archives.builders import decode as members_of
from tests.packages.builders import (
    RECIPE,
    SMALL,
    WEIGHTS,
    compress,
    judge,
    make_project,
    make_signer,
    put,
    sign,
    verifier,
)

FORMS: tuple[Form, ...] = ("archive", "container")
BINARY = replace(RECIPE, package=replace(RECIPE.package, format="binary"))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a compressed adapter, and its signed archive."""
    folder = make_project(tmp_path_factory.mktemp("project"))
    compress(folder)
    sign(folder)
    return folder


@pytest.fixture(scope="module")
def packages(project: Path) -> dict[Form, Path]:
    """The signed package in each form."""
    (archive,) = (project / "build/signed/expert-mini-nano").glob("*.expert")
    signer = make_signer(project / "home")
    there = convert(
        archive, output=project / "container", form="container", options=Options(), verifier=verifier(), signer=signer
    )
    return {"archive": archive, "container": there.built.path}


def shipped(project: Path) -> bytes:
    """The OSD file."""
    return (project / WEIGHTS / OSD).read_bytes()


@pytest.mark.parametrize("form", FORMS)
def test_a_signed_package_verifies(project: Path, packages: dict[Form, Path], form: Form) -> None:
    """It has the OSD file in place of safetensors, and the manifest says what it is."""
    verified = verify(packages[form], verifier=verifier())

    (adapter,) = verified.manifest.base_models[0].adapters
    raw = verified.manifest.raw["base_models"][0]["adapters"][0]
    assert verified.contents.members[OSD] == (len(shipped(project)), sha256_bytes(shipped(project)))
    assert TENSORS not in verified.contents.members
    assert (adapter.type, adapter.r, adapter.size_bytes) == ("osd", 3, len(shipped(project)))
    assert raw == {
        "type": "osd", "target_modules": ["down_proj", "q_proj"], "r": 3, "size_bytes": len(shipped(project)),
        "sha256": sha256_bytes(shipped(project)),
    }  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_the_card_says_how_peft_loads_it(packages: dict[Form, Path], tmp_path: Path, form: Form) -> None:
    """It cannot be loaded as it lies there, and hubs are told so."""
    contents = verify(packages[form], verifier=verifier()).contents
    unpack(packages[form], tmp_path / "new", contents=contents)

    card = (tmp_path / "new/README.md").read_text()

    assert "\nlibrary_name: expertkit\n" in card
    assert "`expert-cli export --peft` writes it as PEFT loads it." in card


def test_the_line_writes_either_form(project: Path, packages: dict[Form, Path], tmp_path: Path) -> None:
    """With equal members; in a container the file is one section of type osd, whole, and no tensors of a dtype."""
    built = build(prepare(project, RECIPE, package=BINARY.package), output=tmp_path)
    assert isinstance(built, Built)
    container = Container(Held(built.path.read_bytes()))

    entry = next(each for each in container.entries if each.name == OSD)

    expected = verify(packages["archive"], verifier=verifier()).contents
    found = open_expert(built.path).package
    assert found is not None
    assert found.contents.members_digest == expected.members_digest
    assert (entry.type, entry.dtype, entry.layer) == (kinds.OSD.number, 0, 0)
    assert bytes(container.read(entry)) == shipped(project)
    assert kinds.ADAPTER.number not in {each.type for each in container.entries}


@pytest.mark.parametrize("codec", ["auto", "raw", "zstd", "planes"])
def test_it_is_converted_there_and_back(packages: dict[Form, Path], tmp_path: Path, codec: Any) -> None:
    """The bytes of the member are kept, whatever the codec of sections."""
    there = convert(
        packages["archive"], output=tmp_path / "there", form="container", options=Options(codec=codec), verifier=None,
        signer=None,
    )  # fmt: skip
    back = convert(
        there.built.path, output=tmp_path / "back", form="archive", options=Options(), verifier=None, signer=None
    )

    before = members_of(packages["archive"].read_bytes())
    del before["signature.sig"]
    assert there.members_digest == back.members_digest == back.built.content_digest
    assert members_of(back.built.path.read_bytes()) == before


@pytest.mark.parametrize("form", FORMS)
def test_the_adapter_is_the_lora_that_the_file_decodes_to(
    project: Path, packages: dict[Form, Path], form: Form
) -> None:
    """Out of a package, and out of the folder of weights."""
    wanted = encode_tensors(osd.decode(shipped(project)).to_lora())

    assert encode_tensors(open_packaged(packages[form]).adapter) == wanted
    assert encode_tensors(read_adapter(project / WEIGHTS, hint="")) == wanted


def test_a_container_gives_the_layers_of_its_osd_file(project: Path, packages: dict[Form, Path]) -> None:
    """As numbers of float32 under PEFT's names, equal to those of the whole."""
    container = Container(Held(packages["container"].read_bytes()))
    wanted = tensors.stored(encode_tensors(osd.decode(shipped(project)).to_lora()))

    with Layers(container) as layers:
        assert layers.order == (0,)
        assert dict(layers[0]) == wanted
        assert layers.load() == wanted


@pytest.mark.parametrize("form", FORMS)
def test_unpacked_it_has_the_file_as_it_is(
    project: Path, packages: dict[Form, Path], tmp_path: Path, form: Form
) -> None:
    """Beside the config of what it decodes to; the folder can be read as weights."""
    contents = verify(packages[form], verifier=verifier()).contents

    unpack(packages[form], tmp_path / "new", contents=contents)

    assert (tmp_path / "new" / OSD).read_bytes() == shipped(project)
    assert not (tmp_path / "new" / TENSORS).exists()
    assert read_adapter(tmp_path / "new", hint="").kind == "lora"


@pytest.mark.parametrize("form", FORMS)
def test_exported_for_peft_it_is_decoded(project: Path, packages: dict[Form, Path], tmp_path: Path, form: Form) -> None:
    """Into the two files that PEFT loads, with the licence, and never over anything."""
    contents = verify(packages[form], verifier=verifier()).contents

    exported = export_adapter(packages[form], contents=contents, output=tmp_path)

    assert {path.name for path in exported.path.iterdir()} == {TENSORS, ADAPTER_CONFIG, LICENSE}
    assert (exported.path / TENSORS).read_bytes() == encode_tensors(osd.decode(shipped(project)).to_lora())
    assert (exported.path / ADAPTER_CONFIG).read_bytes() == (project / WEIGHTS / ADAPTER_CONFIG).read_bytes()
    assert f"{exported.bytes:,} bytes, decoded from {OSD}" in exported.describe()
    assert exported.to_json()["path"] == str(exported.path)
    with pytest.raises(PackagingError, match="expected no such folder yet"):
        export_adapter(packages[form], contents=contents, output=tmp_path)


def test_exported_for_peft_a_safetensors_file_stays_what_it_is(tmp_path: Path) -> None:
    """It is what PEFT loads already."""
    project = make_project(tmp_path / "project")
    package = sign(project)
    contents = verify(package, verifier=verifier()).contents

    exported = export_adapter(package, contents=contents, output=tmp_path / "out")

    assert (exported.path / TENSORS).read_bytes() == (project / WEIGHTS / TENSORS).read_bytes()
    assert exported.describe().startswith(f"{exported.path}: {TENSORS} of {exported.bytes:,} bytes; for PeftModel")


@pytest.mark.parametrize("form", FORMS)
def test_inspection_says_how_it_is_compressed(project: Path, packages: dict[Form, Path], form: Form) -> None:
    """Codec, bytes and rank, for programs and for people."""
    facts = inspect(open_expert(packages[form]))

    found = facts["bases"][0]["osd"]
    size = len(shipped(project))
    assert {key: found[key] for key in ("codec", "bytes", "rank", "density", "dora")} == {
        "codec": "int8", "bytes": size, "rank": 3, "density": 0.5, "dora": False,
    }  # fmt: skip
    assert f"  osd       int8, {size:,} bytes, 50.0% of rank 3 kept by fro" in [*render(facts)]
    assert f"  adapter   osd of rank 3 on down_proj, q_proj, {size:,} bytes" in [*render(facts)]


def test_inspection_says_nothing_of_it_elsewhere(project: Path) -> None:
    """A manifest alone does not know how its adapter is compressed."""
    facts = inspect(open_expert(project / "experts/expert-mini"))

    assert {base["osd"] for base in facts["bases"]} == {None}
    assert not [line for line in render(facts) if line.startswith("  osd")]


def test_a_dora_keeps_its_magnitudes(tmp_path: Path) -> None:
    """In the manifest it is called osd as well; what is told of it names the magnitudes."""
    project = make_project(tmp_path)
    compress(project, is_dora=True)

    built = build(prepare(project, BINARY))

    assert isinstance(built, Built)
    assert open_packaged(built.path).adapter.kind == "dora"
    assert any(line.endswith(", with the magnitudes of DoRA") for line in render(inspect(open_expert(built.path))))


def test_a_difference_is_one_of_decoded_tensors(project: Path, packages: dict[Form, Path], tmp_path: Path) -> None:
    """Between the forms there is none; between an OSD file and what it came from, that of their numbers."""
    write_adapter(tmp_path, random_lora(), base="nano")
    other = make_project(tmp_path / "other")

    same = diff(*(open_expert(packages[form]) for form in FORMS))
    apart = diff(open_expert(packages["archive"]), open_expert(other / "experts/expert-mini"))
    folders = diff(open_expert(project / "experts/expert-mini"), open_expert(other / "experts/expert-mini"))

    assert same["tensors"] == {}
    norms = apart["tensors"]["nano"]["changed"]["base_model.model.model.layers.0.mlp.down_proj.lora_A.weight"]
    assert norms[2] is None  # another rank
    assert folders["tensors"] == apart["tensors"]


def test_an_adapter_without_low_rank_is_not_packed(tmp_path: Path) -> None:
    """What is blended in the space of updates can only be merged, and the message says so."""
    project = make_project(tmp_path)
    compress(project)
    delta = osd.compress(osd.sources(random_lora()), replace(SMALL, space="delta")).data
    put(project / WEIGHTS / OSD, delta)
    judge(project)

    with pytest.raises(FormatError, match="which has no low rank and cannot be packed") as refusal:
        build(prepare(project, RECIPE))

    assert refusal.value.hint == "merge it into the base's weights instead"
    assert not (project / "build/packages").exists()


def test_two_files_that_carry_the_adapter_are_not_packed(tmp_path: Path) -> None:
    """Which of them was evaluated, nobody knows."""
    project = make_project(tmp_path)
    compress(project)
    write_adapter(project / WEIGHTS, random_lora(), base="nano")

    with pytest.raises(FormatError, match="got both"):
        build(prepare(project, RECIPE))


def test_an_osd_file_that_changed_since_its_evaluation_is_not_packed(tmp_path: Path) -> None:
    """As with tensors, by its digest."""
    project = make_project(tmp_path)
    compress(project)
    put(project / WEIGHTS / OSD, osd.compress(osd.sources(random_lora(2)), SMALL).data)

    with pytest.raises(IntegrityError, match=rf"{OSD}: expected the evaluated adapter"):
        build(prepare(project, RECIPE))
