"""Packages of other programs are checked as far as they can be, and told for what they are."""

from __future__ import annotations

import hashlib
import json
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import numpy as library

from expertkit.adapters import encode_tensors
from expertkit.adapters.tensors import decode
from expertkit.errors import ExpertError, FormatError, IntegrityError, ManifestError, SignatureError
from expertkit.osd import Settings, compress, sources
from expertkit.packages.reading.checked import Checked
from expertkit.packages.reading.legacy import open_legacy
from expertkit.packages.reading.opening import open_expert
from expertkit.packages.reading.unpack import unpack
from expertkit.packages.vouching.verify import verify
from tests.adapters.builders import random_lora
from tests.archives.builders import decode as decode_archive
from tests.archives.builders import encode as encode_archive
from tests.archives.builders import gunzipped, gzipped
from tests.manifest.builders import raw_base, raw_manifest
from tests.packages.builders import make_project, pack, verifier

TENSORS = encode_tensors(random_lora(1, rank=8))


def make(folder: Path, files: dict[str, bytes], *options: str) -> Path:
    """An archive that GNU tar makes of the files."""
    for name, data in files.items():
        path = folder / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    package = folder / "old.expert"
    command = ["tar", "--create", "--gzip", *options, "--file", str(package), "--directory", str(folder / "files")]
    subprocess.run([*command, *files], check=True)
    return package


def files(*, weights: str = "adapter_model.safetensors", **changes: Any) -> dict[str, bytes]:
    """The members of a small legacy package; ``changes`` are of its manifest."""
    raw = raw_manifest(base_models=[raw_base("F:/models/Qwen3-0.6B", sha256="")])
    return {
        "manifest.json": json.dumps({**raw, **changes}).encode(),
        weights: TENSORS,
        "adapter_config.json": b"{}",
        "training_args.bin": b"PK\x03\x04 a pickle",
    }


OLDER = "weights/qwen3-06b/adapter/adapter_model.safetensors"


@pytest.mark.parametrize("option", ["--format=gnu", "--format=ustar", "--mtime=2001-01-01", "--owner=nobody"])
@pytest.mark.parametrize("weights", ["adapter_model.safetensors", OLDER])
def test_what_gnu_tar_makes_by_hand_is_read_and_reported(tmp_path: Path, option: str, weights: str) -> None:
    """Flat or by base, in any order, with any owner and time; strict reading refuses it and names the way."""
    package = make(tmp_path, files(weights=weights), option)

    opened = open_expert(package, compatible=True)

    assert opened.kind == "legacy package"
    assert [entry.name for entry in opened.manifest.base_models] == ["F:/models/Qwen3-0.6B"]
    assert {(warning.place, warning.got) for warning in opened.reading.warnings} >= {
        ("", "a legacy archive"),
        ("training_args.bin", "one, which is not opened or passed on"),
        ("/base_models/0/name", '"F:/models/Qwen3-0.6B"'),
    }
    assert "/integrity" in {warning.place for warning in opened.reading.warnings}
    with pytest.raises(ExpertError) as refusal:
        open_expert(package)
    assert refusal.value.hint == f"expert-cli validate --compatible {package} reads what other programs packed"
    with pytest.raises(SignatureError, match="got a legacy package without a signature"):
        verify(package, verifier=verifier())


def test_the_hashes_that_sha256sum_gives_are_compared(tmp_path: Path) -> None:
    """Bare or with their algorithm; the manifest and the signature cannot be listed in themselves."""
    digest = hashlib.sha256(TENSORS).hexdigest()
    said = {"manifest.json": "0" * 64, "adapter_model.safetensors": f"sha256:{digest}", "adapter_config.json": "1" * 64}
    right = {**said, "adapter_config.json": hashlib.sha256(b"{}").hexdigest()}

    reading = open_legacy(make(tmp_path / "right", files(integrity={"files": right}))).reading

    unlisted = {warning.got for warning in reading.warnings if warning.place == "/integrity"}
    assert unlisted == {"none for training_args.bin"}
    with pytest.raises(IntegrityError, match=r"expected adapter_config\.json with SHA-256 1{64}"):
        open_legacy(make(tmp_path / "wrong", files(integrity={"files": said})))
    with pytest.raises(IntegrityError, match=r"expected gone\.txt"):
        open_legacy(make(tmp_path / "gone", files(integrity={"files": {"gone.txt": digest}})))


def test_weights_with_another_hash_than_the_manifest_says_are_refused(tmp_path: Path) -> None:
    """Both are the expert's own words."""
    entry = raw_base("qwen3-0.6b")
    entry["adapters"][0]["sha256"] = "2" * 64

    with pytest.raises(IntegrityError, match=r"adapter_model\.safetensors: expected SHA-256 2{64}"):
        open_legacy(make(tmp_path, files(base_models=[entry])))


@pytest.mark.parametrize("missing", ["manifest.json", "adapter_model.safetensors"])
def test_a_package_needs_manifest_and_weights(tmp_path: Path, missing: str) -> None:
    """Everything else was optional then."""
    made = {name: data for name, data in files().items() if name != missing}

    with pytest.raises(FormatError, match=missing.replace(".", r"\.")):
        open_legacy(make(tmp_path, made))


def test_weights_of_another_base_are_not_the_experts(tmp_path: Path) -> None:
    """The folder has to be that of the manifest's base, in one of the spellings of that time."""
    with pytest.raises(FormatError, match="flat or in weights/<base>/"):
        open_legacy(make(tmp_path, files(weights="weights/gemma-2b/adapter_model.safetensors")))


def test_other_pickles_and_wrong_manifests_are_refused(tmp_path: Path) -> None:
    """Only one name is put up with, and compatible reading has bounds."""
    with pytest.raises(FormatError, match="pickle"):
        open_legacy(make(tmp_path / "pickle", {**files(), "optimizer.pt": b"x"}))
    with pytest.raises(ManifestError):
        open_legacy(make(tmp_path / "manifest", files(base_models=[])))


def test_unpacked_it_has_everything_but_the_pickle(tmp_path: Path) -> None:
    """Nobody gets it passed on."""
    package = make(tmp_path, files(weights="weights/qwen3-0-6b/adapter_model.safetensors"))
    contents = open_legacy(package).contents

    unpack(package, tmp_path / "new", contents=contents)

    found = {str(path.relative_to(tmp_path / "new")) for path in (tmp_path / "new").rglob("*") if path.is_file()}
    assert found == {"manifest.json", "adapter_config.json", "weights/qwen3-0-6b/adapter_model.safetensors"}


def test_members_without_a_hash_are_told(tmp_path: Path) -> None:
    """A list that is not whole proves nothing about the rest; a name with an underscore is no comment in it."""
    digest = hashlib.sha256(TENSORS).hexdigest()
    listed = {"adapter_model.safetensors": digest.upper(), "_notes.txt": "0" * 64}

    reading = open_legacy(
        make(tmp_path / "a", files(integrity={"files": {"adapter_model.safetensors": digest}}))
    ).reading

    assert ("/integrity", "none for adapter_config.json, training_args.bin") in {
        (warning.place, warning.got) for warning in reading.warnings
    }
    with pytest.raises(IntegrityError, match=r"_notes\.txt"):
        open_legacy(make(tmp_path / "b", {**files(integrity={"files": listed}), "_notes.txt": b"x"}))


def test_the_weights_of_several_bases_are_kept_apart(tmp_path: Path) -> None:
    """By the folder of each base, exact names first: without its dot, a name is another base's."""
    names = ("opt-1.3b", "opt-13b")
    tensors = {name: encode_tensors(random_lora(seed)) for seed, name in enumerate(names)}
    adapter = raw_base()["adapters"][0]
    entries = [
        raw_base(name, adapters=[{**adapter, "sha256": f"sha256:{hashlib.sha256(tensors[name]).hexdigest()}"}])
        for name in names
    ]
    made = files(base_models=entries)
    del made["adapter_model.safetensors"]
    made |= {f"weights/{name}/adapter_model.safetensors": tensors[name] for name in names}

    found = open_legacy(make(tmp_path, made))

    assert found.weights == {
        name: f"weights/{name}/adapter_model.safetensors" for name in names
    }  # fmt: skip


def test_the_path_of_an_adapter_says_where_its_weights_are(tmp_path: Path) -> None:
    """A folder or a file."""
    entry = raw_base("qwen3-0.6b")
    for path in ("final", "final/adapter_model.safetensors"):
        entry["adapters"][0]["path"] = path
        made = files(weights="final/adapter_model.safetensors", base_models=[entry])

        found = open_legacy(make(tmp_path / path.replace("/", "-"), made))

        assert list(found.weights.values()) == ["final/adapter_model.safetensors"]


def test_weights_beside_every_folder_are_nobodys(tmp_path: Path) -> None:
    """There has to be a folder of the base below weights/."""
    with pytest.raises(FormatError, match="flat or in weights/<base>/"):
        open_legacy(make(tmp_path, files(weights="weights/adapter_model.safetensors")))


def test_our_own_form_never_falls_back_to_legacy(tmp_path: Path) -> None:
    """What is wrong with a package of ours stays wrong in a compatible reading, which would put up with it."""
    package = pack(make_project(tmp_path))
    members = decode_archive(package.read_bytes())
    package.write_bytes(encode_archive({**members, "notes.txt": b"x"}))
    package.with_name(f"{package.name}.sha256").unlink()
    assert open_legacy_bytes(tmp_path, {**members, "notes.txt": b"x"}).weights

    with pytest.raises(FormatError, match=r"expected no members but those of a package, got notes\.txt"):
        open_expert(package, compatible=True)


def open_legacy_bytes(folder: Path, members: dict[str, bytes]) -> Checked:
    """The same members as another program packs them, read as that."""
    return open_legacy(make(folder / "legacy", members))


def test_the_sidecar_of_a_legacy_package_counts(tmp_path: Path) -> None:
    """Its hash was written beside it then, too."""
    package = make(tmp_path, files())
    package.with_name(f"{package.name}.sha256").write_text(f"{'0' * 64}  {package.name}\n")

    with pytest.raises(IntegrityError, match=r"expected SHA-256 0{64} \(from old\.expert\.sha256\)"):
        open_legacy(package)


@pytest.mark.parametrize("change", [{"type": "lokr"}, {"r": 16}], ids=["a kind that is not read", "two adapters"])
def test_what_cannot_be_compared_is_not(tmp_path: Path, change: dict[str, Any]) -> None:
    """Kinds whose tensors have other names, and entries of which nobody knows whose the tensors are."""
    made = with_tensors(dora(), **change)
    if "r" in change:
        raw = json.loads(made["manifest.json"])
        adapters = raw["base_models"][0]["adapters"]
        raw["base_models"][0]["adapters"] = [*adapters, {**adapters[0], "type": "lora"}]
        made["manifest.json"] = json.dumps(raw).encode()

    warnings = open_legacy(make(tmp_path, made)).reading.warnings

    assert "/base_models/0/adapters/0" not in {each.place for each in warnings}


def test_a_base_without_weights_is_told(tmp_path: Path) -> None:
    """The package is not for it, whatever its manifest says; and no folder of another base is taken for its own."""
    made = files(
        base_models=[raw_base("opt-1.3b"), raw_base("opt-13b")], weights="weights/opt-13b/adapter_model.safetensors"
    )

    found = open_legacy(make(tmp_path, made))

    assert found.weights == {"opt-13b": "weights/opt-13b/adapter_model.safetensors"}
    assert ("/base_models/0", "none") in {(each.place, each.got) for each in found.reading.warnings}


def test_many_bases_and_many_members_are_matched_at_once(tmp_path: Path) -> None:
    """Not each with each."""
    adapter = {"type": "lora", "target_modules": ["q_proj"], "r": 2, "alpha": 4}
    bases = [{"name": f"b{number}", "adapters": [adapter]} for number in range(4000)]
    made = files(base_models=bases, weights="weights/b7/adapter_model.safetensors")
    made |= {f"weights/x{number}/y/z/config.json": b"" for number in range(4000)}
    package = tmp_path / "many.expert"
    package.write_bytes(encode_archive(made))
    started = time.monotonic()

    found = open_legacy(package)

    assert found.weights == {"b7": "weights/b7/adapter_model.safetensors"}
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(("blocks", "accepted"), [(2048, True), (2049, False)])
def test_zeros_after_the_end_are_limited_exactly(tmp_path: Path, blocks: int, *, accepted: bool) -> None:
    """A mebibyte of blocks behind the second one of the end."""
    package = make(tmp_path, files())
    layer = gunzipped(package.read_bytes()).rstrip(b"\0")
    end = len(layer) + -len(layer) % 512
    package.write_bytes(gzipped(layer.ljust(end, b"\0") + bytes(512 * (2 + blocks)), level=9))

    if accepted:
        assert open_legacy(package).weights
    else:
        with pytest.raises(FormatError, match="after the end"):
            open_legacy(package)


def test_endless_zeros_after_the_end_are_refused(tmp_path: Path) -> None:
    """Programs pad to a record."""
    package = make(tmp_path, files())
    package.write_bytes(gzipped(gunzipped(package.read_bytes()) + bytes(2 << 20), level=9))

    with pytest.raises(FormatError, match="after the end"):
        open_legacy(package)


def dora(*, rank: int = 8, magnitude: float = 1.0) -> bytes:
    """The tensors of a DoRA adapter, which has a vector of magnitudes for each module."""
    lora = random_lora(1, rank=rank)
    named, _ = decode(encode_tensors(lora))
    vectors = {
        f"base_model.model.{module}.lora_magnitude_vector": np.full(len(factors.b), magnitude, dtype=np.float32)
        for module, factors in lora.modules.items()
    }
    return library.save({**named, **vectors})


def with_tensors(tensors: bytes, **adapter: Any) -> dict[str, bytes]:
    """A small legacy package with an adapter and what its manifest says of it."""
    said = {"type": "dora", "target_modules": ["down_proj", "q_proj"], "r": 8, "alpha": 16, **adapter}
    return {**files(base_models=[raw_base("qwen3-0.6b", adapters=[said])]), "adapter_model.safetensors": tensors}


def test_adapters_are_looked_at_number_by_number(tmp_path: Path) -> None:
    """Vectors of magnitudes too; what is malformed or not finite is refused."""
    assert open_legacy(make(tmp_path / "sound", with_tensors(dora()))).weights == {
        "qwen3-0.6b": "adapter_model.safetensors"
    }
    with pytest.raises(FormatError, match=r"adapter_model\.safetensors: .*magnitude_vector: expected finite numbers"):
        open_legacy(make(tmp_path / "infinite", with_tensors(dora(magnitude=float("inf")))))
    with pytest.raises(FormatError, match=r"adapter_model\.safetensors: safetensors header"):
        open_legacy(make(tmp_path / "malformed", with_tensors(b"PK")))


@pytest.mark.parametrize(
    ("said", "got"),
    [
        ({}, None),
        ({"r": 16}, "dora of rank 16 on down_proj, q_proj"),
        ({"target_modules": ["q_proj"]}, "dora of rank 8 on q_proj"),
        ({"type": "lora"}, "lora of rank 8 on down_proj, q_proj"),
    ],
)
def test_what_a_manifest_says_of_its_adapter_is_compared(tmp_path: Path, said: dict[str, Any], got: str | None) -> None:
    """Old manifests were written by hand: a deviation is told, with what is true."""
    warnings = open_legacy(make(tmp_path, with_tensors(dora(), **said))).reading.warnings

    found = {(each.expected, each.got) for each in warnings if each.place == "/base_models/0/adapters/0"}

    assert found == ({("dora of rank 8 on down_proj, q_proj, as its tensors are", got)} if got else set())


def with_osd(folder: str = "weights/qwen3-0-6b/", **adapter: Any) -> dict[str, bytes]:
    """The members of a legacy package whose adapter is an OSD file."""
    said = {**raw_base()["adapters"][0], "type": "osd", "r": 3, "target_modules": ["q_proj", "down_proj"], **adapter}
    made = files(base_models=[raw_base("qwen3-0.6b", adapters=[said])])
    del made["adapter_model.safetensors"]
    small = compress(sources(random_lora()), Settings(rank=3, codec="int8", density=0.5))
    return {**made, f"{folder}adapter_model.osd": small.data}


@pytest.mark.parametrize(
    ("folder", "path"),
    [
        ("", None),
        ("weights/qwen3-0-6b/", None),
        ("weights/x/", "weights/x"),
        ("weights/x/", "weights/x/adapter_model.osd"),
    ],
)
def test_an_osd_file_lies_where_tensors_may_lie(tmp_path: Path, folder: str, path: str | None) -> None:
    """An expert's folder, packed by hand, has it; it is looked at like one of ours."""
    members = with_osd(folder, **({"path": path} if path else {}))
    cut = {name: data[:-1] if "osd" in name else data for name, data in members.items()}

    checked = open_legacy(make(tmp_path / "a", members))

    assert checked.weights == {"qwen3-0.6b": f"{folder}adapter_model.osd"}
    assert "/base_models/0/adapters/0" not in {warning.place for warning in checked.reading.warnings}
    with pytest.raises(FormatError, match=r"adapter_model\.osd: osd"):
        open_legacy(make(tmp_path / "b", cut))


def test_what_a_manifest_says_of_an_osd_file_is_compared(tmp_path: Path) -> None:
    """It is neither of another kind nor of another rank."""
    warnings = open_legacy(make(tmp_path, with_osd(r=4))).reading.warnings

    assert {(each.expected, each.got) for each in warnings if each.place == "/base_models/0/adapters/0"} == {
        ("osd of rank 3 on down_proj, q_proj, as its tensors are", "osd of rank 4 on down_proj, q_proj")
    }


def test_one_folder_of_weights_has_one_file_of_them(tmp_path: Path) -> None:
    """Which of two was meant, nobody knows."""
    for name, folder in (("a", ""), ("b", "weights/qwen3-0-6b/")):
        members = {**with_osd(folder), f"{folder}adapter_model.safetensors": TENSORS}
        with pytest.raises(FormatError, match="got both"):
            open_legacy(make(tmp_path / name, members))


@pytest.mark.parametrize("name", ["soft/hello.safetensors", "hello.safetensors"])
def test_a_soft_prompt_is_a_member(tmp_path: Path, name: str) -> None:
    """Where the manifest says, or flat as schema 2.0 was packed; a file that is not there is an error."""
    prompts = [{"name": "hello", "path": "soft/hello.safetensors", "tokens": 8}]
    made = files(soft_prompts=prompts)

    open_legacy(make(tmp_path / "there", {**made, name: TENSORS}))

    with pytest.raises(ManifestError, match="/soft_prompts/0/path: expected the name of a member of the package"):
        open_legacy(make(tmp_path / "gone", made))
