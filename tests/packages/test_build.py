"""Stage ``package``: what goes in, what never does, and the same bytes everywhere."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from expertkit.adapters.tensors import encode
from expertkit.errors import (
    CompatibilityError,
    ExpertError,
    FormatError,
    IntegrityError,
    ManifestError,
    PackagingError,
)
from expertkit.files import dump_json, read_json, sha256_bytes
from expertkit.packages.decomposition import decompose_adapter
from expertkit.packages.making.build import build, list_contents, prepare
from expertkit.packages.names import REQUIRED
from expertkit.packages.reading.canonical import open_canonical
from expertkit.packages.writing import Built
from tests.adapters.builders import matrix
from tests.archives.builders import decode
from tests.archives.builders import encode as encode_archive
from tests.packages.builders import MANIFEST, RECIPE, WEIGHTS, judge, load, make_project, other_base, pack, put, train

GUIDE = {
    "manifest.json", "adapter_model.safetensors", "adapter_config.json", "special_tokens_map.json",
    "tokenizer_config.json", "tokenizer.json", "vocab.json", "README.md", "grammar.gbnf", "LICENSE",
}  # fmt: skip
OURS = {"training_args.json", "evaluation.json", "provenance.json", "recipe.json"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An accepted expert, ready to be packed."""
    return make_project(tmp_path)


def members(project: Path) -> dict[str, bytes]:
    """Everything in the built package."""
    return decode(pack(project).read_bytes())


def test_the_members_are_those_of_the_guide(project: Path) -> None:
    """Everything that is always included is there, and our own records; nothing else is."""
    assert members(project).keys() == GUIDE | OURS
    assert REQUIRED <= GUIDE | OURS


def test_what_training_leaves_behind_stays_out(project: Path) -> None:
    """Optimizer, scheduler, logs and checkpoints beside the adapter are not packed."""
    weights = project / WEIGHTS
    for name in ("optimizer.pt", "scheduler.pt", "trainer_state.json", "a.log", "checkpoint-5/a", "training_args.bin"):
        put(weights / name, b"x")

    assert members(project).keys() == GUIDE | OURS


def test_optional_files_may_be_missing(project: Path) -> None:
    """LICENSE goes in where it exists; a README is made in any case."""
    (project / "experts/expert-mini/README.md").unlink()
    (project / "experts/expert-mini/LICENSE").unlink()

    assert members(project).keys() == (GUIDE | OURS) - {"LICENSE"}


@pytest.mark.parametrize("by_recipe", [True, False])
def test_tests_travel_only_when_asked_for(project: Path, *, by_recipe: bool) -> None:
    """By the recipe or by the flag."""
    recipe = replace(RECIPE, package=replace(RECIPE.package, include_tests=by_recipe))

    listed = list_contents(prepare(project, recipe, package=replace(RECIPE.package, include_tests=True)))

    assert "tests/test_cases.json" in listed
    assert "tests/test_cases.json" not in list_contents(prepare(project, RECIPE))


def test_listing_packs_nothing(project: Path) -> None:
    """Names and sizes are those of the package, in its order."""
    listed = list_contents(prepare(project, RECIPE))

    assert not (project / "build/packages").exists()
    assert listed == {name: len(data) for name, data in members(project).items()}


def test_the_manifest_is_narrowed_to_the_base_and_completed(project: Path) -> None:
    """One base with its fingerprint, the adapter as it is, all training settings, scores and integrity."""
    found = members(project)
    packed = load(found["manifest.json"])

    (base,) = packed["base_models"]
    (adapter,) = base["adapters"]
    assert (base["name"], len(base["sha256"])) == ("nano", 64)
    assert adapter["sha256"] == sha256_bytes(found["adapter_model.safetensors"])
    assert (adapter["size_bytes"], adapter["alpha"]) == (len(found["adapter_model.safetensors"]), adapter["r"])
    assert packed["training"]["config"]["max_steps"] == 3
    assert None not in packed["training"]["config"].values()
    assert packed["quality_metrics"]["benchmark_score"] == 0.9
    assert packed["quality_metrics"]["improvement_percent"] == 90.0
    rest = found.keys() - {"manifest.json"}
    assert packed["integrity"]["files"] == {name: sha256_bytes(found[name]) for name in rest}


def test_keys_and_their_order_survive(project: Path) -> None:
    """Comments stay where they are, and only new keys come at the end."""
    keys = list(load(members(project)["manifest.json"]))

    assert keys == [*MANIFEST, "quality_metrics", "integrity"]


def test_the_members_are_what_they_came_from(project: Path) -> None:
    """Metrics, tokenizer and training arguments are packed byte for byte; the recipe is the resolved one."""
    found = members(project)

    assert found["evaluation.json"] == (project / "build/evaluate/expert-mini-nano/metrics.json").read_bytes()
    assert found["tokenizer.json"] == (project / "models/nano/tokenizer.json").read_bytes()
    assert load(found["recipe.json"]) == read_json(project / "build/recipes/expert-mini-nano.json")
    assert load(found["special_tokens_map.json"]) == {"eos_token": "<|im_end|>", "pad_token": "<|pad|>"}
    assert list(load(found["vocab.json"])) == ["a", "b", "ab"]
    assert load(found["provenance.json"])["recipe"] == sha256_bytes(found["recipe.json"])
    assert load(found["adapter_config.json"])["base_model_name_or_path"] == "nano"


def test_the_package_has_a_sound_form(project: Path) -> None:
    """Everything but the signature checks, and the file has the name of the guide."""
    built = build(prepare(project, RECIPE))
    checked = open_canonical(pack(project))

    assert checked.contents.content_digest == built.content_digest  # type: ignore[union-attr]
    assert built.path == project / "build/packages/expert-mini-nano/expert-mini-nano.v1.0.0.expert"  # type: ignore[union-attr]
    assert "signature.sig" not in checked.contents.members


def test_a_folder_of_ones_own_keeps_what_is_in_it(project: Path) -> None:
    """With an output folder only the package and its sidecar are written."""
    put(project / "mine/notes.txt", b"notes")

    build(prepare(project, RECIPE), output=project / "mine")

    assert {path.name for path in (project / "mine").iterdir()} == {
        "notes.txt", "expert-mini-nano.v1.0.0.expert", "expert-mini-nano.v1.0.0.expert.sha256",
    }  # fmt: skip


def refused(project: Path) -> Path:
    """A project whose expert missed the gate."""
    judge(project, verdict="refused", reasons=["accuracy 0.80 is below 0.90"], expert_score=0.8)
    return project / "build/packages/expert-mini-nano"


def test_a_refused_expert_is_not_packed(project: Path) -> None:
    """The error carries the reason and exit status 12; a package from before stays as it was."""
    before = pack(project).read_bytes()
    folder = refused(project)

    with pytest.raises(PackagingError, match=r"accuracy 0\.80 is below 0\.90") as refusal:
        build(prepare(project, RECIPE))

    assert refusal.value.exit_code == 12
    assert (folder / "expert-mini-nano.v1.0.0.expert").read_bytes() == before


def test_a_recorded_refusal_takes_the_place_of_the_package(project: Path) -> None:
    """refused.json is all there is afterwards."""
    pack(project)
    folder = refused(project)

    build(prepare(project, RECIPE), record_refusal=True)

    assert [path.name for path in folder.iterdir()] == ["refused.json"]
    assert read_json(folder / "refused.json") == {
        "expert": "expert-mini", "base": "nano", "version": "1.0.0", "verdict": "refused",
        "reasons": ["accuracy 0.80 is below 0.90"], "base_score": 0.0, "expert_score": 0.8, "p_value": 1e-9,
    }  # fmt: skip


def test_a_refusal_recorded_in_a_persons_folder_leaves_what_is_there(project: Path, tmp_path: Path) -> None:
    """Only the stage's own folder is replaced as a whole."""
    refused(project)
    put(tmp_path / "mine/thesis.txt", b"years of work")

    build(prepare(project, RECIPE), output=tmp_path / "mine", record_refusal=True)

    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == ["refused.json", "thesis.txt"]


def test_an_adapter_that_was_not_evaluated_is_not_packed(project: Path) -> None:
    """The report must be about the very bytes."""
    train(project, seed=2)
    decompose_adapter(project, RECIPE)

    with pytest.raises(IntegrityError, match="expected the evaluated adapter"):
        pack(project)


def test_the_adapter_can_come_from_elsewhere(project: Path) -> None:
    """A folder of weights that was evaluated is taken in place of the expert's own."""
    (project / WEIGHTS).rename(project / "elsewhere")

    listed = list_contents(prepare(project, RECIPE, weights=project / "elsewhere"))

    assert "adapter_model.safetensors" in listed


FAULTS: dict[str, tuple[str, object, type[ExpertError]]] = {
    "no manifest": ("experts/expert-mini/manifest.json", None, PackagingError),
    "a manifest of another version": (
        "experts/expert-mini/manifest.json",
        MANIFEST | {"version": "2.0.0"},
        PackagingError,
    ),
    "a manifest that is wrong": ("experts/expert-mini/manifest.json", {}, ManifestError),
    "no adapter": ("experts/expert-mini/weights/nano/adapter_config.json", None, PackagingError),
    "another rank": ("experts/expert-mini/weights/nano/adapter_config.json", {"r": 3}, FormatError),
    "no evaluation": ("build/evaluate/expert-mini-nano/metrics.json", None, PackagingError),
    "no tokenizer": ("models/nano/tokenizer.json", None, PackagingError),
    "a tokenizer without words": ("models/nano/tokenizer.json", {}, FormatError),
    "no base": ("models/nano/config.json", None, CompatibilityError),
    "a README that is a pickle": ("experts/expert-mini/README.md", pickle.dumps({}), FormatError),
    "training arguments that are a zip": (
        "experts/expert-mini/weights/nano/training_args.json",
        b"PK\3\4",
        FormatError,
    ),
}


@pytest.mark.parametrize(("name", "value", "error"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_named_and_leaves_nothing(project: Path, name: str, value: object, error: type[ExpertError]) -> None:
    """Each missing or wrong file is an error of its own kind, and no output appears."""
    (project / name).unlink() if value is None else put(project / name, value)

    with pytest.raises(error):
        pack(project)

    assert not (project / "build/packages").exists()


def test_a_base_that_the_manifest_does_not_name_is_refused(project: Path) -> None:
    """The expert is not for it."""
    put(project / "experts/expert-mini/manifest.json", MANIFEST | {"base_models": MANIFEST["base_models"][1:]})

    with pytest.raises(CompatibilityError, match="'nano'"):
        pack(project)


def test_a_base_with_another_fingerprint_is_refused(project: Path) -> None:
    """Both fingerprints are named, and the status is 4."""
    pinned = replace(RECIPE, base_model=replace(RECIPE.base_model, fingerprint="0" * 64))

    with pytest.raises(CompatibilityError, match="0" * 64) as refusal:
        pack(project, pinned)

    assert refusal.value.exit_code == 4


def test_each_base_has_a_package_of_its_own(project: Path) -> None:
    """The second base's package names the second base."""
    make_project(project, recipe=other_base())

    package = pack(project, other_base())

    assert package.name == "expert-mini-other.v1.0.0.expert"
    assert [each["name"] for each in load(decode(package.read_bytes())["manifest.json"])["base_models"]] == ["other"]


SCRIPT = """
import os, sys, time
from pathlib import Path
os.umask(int(sys.argv[2], 8))
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(sys.argv[3])])
if os.getuid() == 0:
    os.setegid(int(sys.argv[4]))
time.tzset()
from tests.packages.builders import make_project, sign
print(__import__("hashlib").sha256(sign(make_project(Path(sys.argv[1]))).read_bytes()).hexdigest())
"""

PLACES = [
    ("one", "022", "UTC", "C", "0", "64", "0"),
    ("a longer name/two", "077", "Asia/Kathmandu", "C.UTF-8", "random", "1", "65534"),
]


def test_the_same_bytes_come_out_everywhere(tmp_path: Path) -> None:
    """Another folder, umask, time zone, locale, hash seed, number of cores, user and group: the same signed file."""
    digests = set()
    for name, umask, zone, locale, seed, cores, group in PLACES:
        environment = {**os.environ, "TZ": zone, "LC_ALL": locale, "PYTHONHASHSEED": seed, "USER": name}
        environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        command = [sys.executable, "-c", SCRIPT, str(tmp_path / name), umask, cores, group]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        digests.add(done.stdout)

    assert len(digests) == 1


def test_an_adapter_that_does_not_fit_the_base_is_not_packed(project: Path) -> None:
    """Modules and shapes are compared with the base's weights before anything is loaded."""
    put(
        project / "models/nano/model.safetensors",
        encode({"model.layers.0.self_attn.q_proj.weight": matrix(8, 7)}, "float32"),
    )

    with pytest.raises(CompatibilityError) as refusal:
        pack(project)

    assert "model.layers.0.self_attn.q_proj (8, 6)" in str(refusal.value)
    assert "model.layers.0.mlp.down_proj (6, 12)" in str(refusal.value)


def test_tensors_are_compared_with_the_manifest_without_loading_them(project: Path) -> None:
    """Names, shapes and dtype are in the header, and the manifest says rank and modules."""
    members = decode(pack(project).read_bytes())
    raw = load(members["manifest.json"])
    other = {"r": 8}, {"target_modules": ["q_proj", "v_proj"]}

    for change in other:
        adapter = {**raw["base_models"][0]["adapters"][0], **change}
        changed = {**raw, "base_models": [{**raw["base_models"][0], "adapters": [adapter]}]}
        put(project / "changed.expert", encode_archive({**members, "manifest.json": dump_json(changed)}))

        with pytest.raises(IntegrityError, match="as the manifest says, got lora of rank 4 on down_proj, q_proj"):
            open_canonical(project / "changed.expert")


def test_the_model_card_has_the_release_before(project: Path) -> None:
    """In the one table of scores, where there was one."""
    judge(project, previous={"version": "0.9.0", "score": 0.85})
    card = members(project)["README.md"].decode()

    assert "| | base alone | version 0.9.0 | expert |\n|---|---|---|---|\n" in card
    assert "| right answers, 10 test items | 0.000 | 0.850 | 0.900 |\n" in card
    assert "| names never seen in training | | | 0.500 |\n" in card


def test_the_model_card_is_made_of_facts(project: Path) -> None:
    """A head that hubs read, the expert's own words, scores, and a digest of everything it was made of."""
    found = members(project)
    card, provenance = found["README.md"].decode(), load(found["provenance.json"])

    assert card.startswith('---\nlicense: "mit"\nbase_model: "nano"\nlibrary_name: peft\n')
    assert "\n# expert-mini\n" in card
    assert "| right answers, 10 test items | 0.000 | 0.900 |" in card
    assert "| names never seen in training | | 0.500 |" in card
    for digest in (provenance["base"]["fingerprint"], provenance["data"], provenance["recipe"], "e" * 64):
        assert f"`{digest}`" in card
    assert provenance["prompt"] == {"template": "chatml", "hash": "e" * 64}
    assert f"`{provenance['environment_fingerprint']}`" in card


def test_an_expert_of_schema_1_0_is_packed_in_its_own_form(project: Path) -> None:
    """One base outside of a list, and no base in the file's name."""
    raw = {key: value for key, value in MANIFEST.items() if key != "base_models"}
    (entry, _) = MANIFEST["base_models"]
    single = {"name": "nano", "_note": "kept"}
    put(project / "experts/expert-mini/manifest.json", {
        **raw, "schema_version": "1.0", "base_model": single, "adapters": entry["adapters"],
    })  # fmt: skip

    path = pack(project)

    packed = load(decode(path.read_bytes())["manifest.json"])
    assert path.name == "expert-mini.v1.0.0.expert"
    assert packed["base_model"]["_note"] == "kept"
    assert len(packed["base_model"]["sha256"]) == len(packed["adapters"][0]["sha256"]) == 64
    assert "base_models" not in packed
    assert open_canonical(path).manifest.base_models[0].name == "nano"


def test_each_member_is_told_with_its_packed_size(project: Path) -> None:
    """Together they are the file, but for the frame of gzip and the end of tar."""
    built = build(prepare(project, RECIPE))

    assert isinstance(built, Built)
    assert {name: row.plain for name, row in built.members.items()} == list_contents(prepare(project, RECIPE))
    assert 0 <= built.bytes - sum(row.packed for row in built.members.values()) < 200


@pytest.mark.parametrize(
    ("changed", "told"),
    [({"_note": "x" * 1_046_200}, "at most 1048576 bytes"), ({"quality_metrics": None}, None)],
    ids=["a manifest that grows too long", "metrics that say nothing yet"],
)
def test_what_is_written_can_be_read_again_or_there_is_none(
    project: Path, changed: dict[str, object], told: str | None
) -> None:
    """A package that our own reader would refuse is not left anywhere."""
    put(project / "experts/expert-mini/manifest.json", {**MANIFEST, **changed})

    if told is None:
        assert open_canonical(pack(project)).manifest.quality_metrics is not None
        return
    with pytest.raises(PackagingError, match=f"expected a package that can be read again.*{told}"):
        pack(project)
    assert not list((project / "build/packages").rglob("*.expert*"))


@pytest.mark.parametrize("change", [{"path": "elsewhere"}, {"use_dora": True}, {"type": "lokr"}])
def test_a_manifest_that_asks_for_more_since_it_was_resolved_is_refused(
    project: Path, change: dict[str, object]
) -> None:
    """The recipe does not know of it, so the package would leave it out in silence."""
    bases = [{**base, "adapters": [{**base["adapters"][0], **change}]} for base in MANIFEST["base_models"]]
    put(project / "experts/expert-mini/manifest.json", {**MANIFEST, "base_models": bases})

    with pytest.raises(ManifestError, match=f"/base_models/0/adapters/0/{next(iter(change))}"):
        pack(project)
