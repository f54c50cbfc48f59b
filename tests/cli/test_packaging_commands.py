"""The commands from ``decompose`` to ``release``, as a person types them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from expertkit.files import read_json
from tests.cli.running import NAME, PAIR, enter_project, run, run_json
from tests.packages.builders import decompose_adapter, judge, other_base, put, train


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An accepted expert in the current folder, and a signer's home that is not the person's own."""
    return enter_project(tmp_path, monkeypatch)


def test_the_line_from_adapter_to_release(project: Path) -> None:
    """Each command takes what the one before it left; the package verifies at the end."""
    run(f"decompose {PAIR}")
    run("keygen --ensure")
    built = run_json(f"package {PAIR}")
    signed = run_json(f"sign {PAIR}")
    released = run_json("release")["releases"]

    verified = run_json(f"verify dist/{NAME}")

    assert built["path"] == f"build/packages/expert-mini-nano/{NAME}"
    assert built["content_digest"] == signed["content_digest"] == verified["content_digest"]
    assert released[0]["content_digest"] == verified["content_digest"]
    assert (project / "dist" / NAME).read_bytes() == (project / "build/signed/expert-mini-nano" / NAME).read_bytes()


@pytest.mark.parametrize(
    "spelling",
    [
        "package --manifest experts/expert-mini/manifest.json --weights experts/expert-mini/weights --model nano",
        "package -m experts/expert-mini --weights experts/expert-mini/weights/nano --model Some/Nano",
        "package --expert expert-mini --base nano",
    ],
)
@pytest.mark.usefixtures("project")
def test_every_spelling_gives_the_same_package(spelling: str) -> None:
    """Manifest or name, folder of one adapter or of all, model or base."""
    assert run_json(spelling)["content_digest"] == run_json(f"package {PAIR}")["content_digest"]


def test_contents_are_listed_without_packing(project: Path) -> None:
    """Names and sizes; with the flag, the tests too."""
    listed = run_json(f"package {PAIR} --include-tests --list-contents")["members"]

    assert "tests/test_cases.json" in listed
    assert "adapter_model.safetensors" in run(f"package {PAIR} --list-contents").stdout
    assert not (project / "build/packages").exists()


def test_a_package_can_go_elsewhere(project: Path) -> None:
    """With --output the folder keeps what else is in it."""
    put(project / "mine/notes.txt", b"")

    run(f"package {PAIR} --output mine")

    assert {path.name for path in (project / "mine").iterdir()} == {"notes.txt", NAME, f"{NAME}.sha256"}


def test_a_refused_expert_has_its_reason_everywhere(project: Path) -> None:
    """Typed, package exits 12; recorded, the line goes on and the release exits 1 with the reason."""
    run("keygen --ensure")
    judge(project, verdict="refused", reasons=["accuracy 0.10 is below 0.90"])

    message = run(f"package {PAIR}", status=12).stderr
    run(f"package {PAIR} --record-refusal")
    run(f"sign {PAIR}", status=12)
    run(f"sign {PAIR} --record-refusal")
    table = run("release", status=1).stdout

    assert message.startswith("Error: expert-mini on nano: refused: accuracy 0.10 is below 0.90")
    assert "expert-mini on nano: refused: accuracy 0.10 is below 0.90" in table
    assert run_json("release --record-refusal")["releases"][0]["verdict"] == "refused"


def test_a_key_is_made_once(project: Path) -> None:
    """--ensure says so when it makes a key, then leaves key and public key alone; keygen alone never overwrites."""
    first = run("keygen --ensure")
    before = (project / "build/publisher.pub").stat().st_mtime_ns

    second = run("keygen --ensure")
    third = run("keygen", status=5)

    assert "made the key" in first.stderr
    assert second.stderr == ""
    assert second.stdout == first.stdout
    assert (project / "build/publisher.pub").stat().st_mtime_ns == before
    assert "never overwritten" in third.stderr


def test_a_key_has_its_publishers_name(project: Path) -> None:
    """The name given with the key is the one that verification shows."""
    run("keygen --publisher 'Ada Example' --no-passphrase")
    run("keygen --ensure")
    run(f"package {PAIR}")
    run(f"sign {PAIR}")

    assert "signer      'CN=Ada Example', key" in run(f"verify build/signed/expert-mini-nano/{NAME}").stdout
    assert (project / "home/publisher.pub").read_bytes() == (project / "build/publisher.pub").read_bytes()


def test_any_package_can_be_signed_with_any_key(project: Path) -> None:
    """A file, a key and a folder are enough; the copy verifies with the key's public half alone."""
    run("keygen --output other.key --name other --no-passphrase")
    run(f"package {PAIR} --output mine")

    run(f"sign mine/{NAME} --key other.key --output signed")

    run(f"verify signed/{NAME} --key other.pub")
    assert "signature.sig" not in run_json(f"package {PAIR} --list-contents")["members"]
    assert (project / "mine" / NAME).read_bytes() != (project / "signed" / NAME).read_bytes()


def test_a_signature_expires(project: Path) -> None:
    """--at judges by another day than today."""
    run("keygen --ensure")
    run(f"package {PAIR}")
    run(f"sign {PAIR}")
    package = f"build/signed/expert-mini-nano/{NAME}"

    run(f"verify {package} --at 2100-01-01", status=5)
    run(f"verify {package}")
    assert read_json(project / "home/ledger.json")["entries"][0]["sequence"] == 1


@pytest.mark.usefixtures("project")
def test_a_key_other_than_the_published_one_does_not_sign() -> None:
    """What the project publishes and what signs must be one key."""
    run("keygen --ensure")
    run("keygen --output other.key --no-passphrase")
    run(f"package {PAIR}")

    assert "expected the public half" in run(f"sign {PAIR} --key other.key", status=5).stderr


def test_every_fault_of_a_package_exits_with_5(project: Path) -> None:
    """Unsigned, damaged, no package at all, or no key: the exit status alone says it."""
    run("keygen --ensure")
    run(f"package {PAIR}")
    unsigned = f"build/packages/expert-mini-nano/{NAME}"

    run(f"verify {unsigned}", status=5)
    run(f"verify {unsigned} --key missing.pub", status=5)
    (project / unsigned).write_bytes(b"damaged")
    run(f"verify {unsigned}", status=5)


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    "command", ["sign", f"sign {PAIR} a.expert", "sign --expert expert-mini", f"sign {PAIR} --valid-days 9", "verify"]
)
def test_incomplete_commands_are_usage_errors(command: str) -> None:
    """Exit status 2, as everywhere."""
    run(command, status=2)


@pytest.mark.usefixtures("project")
def test_the_release_ends_with_a_table_and_three_commands() -> None:
    """Expert, base, scores, p, bytes, digest, verdict and path; then how to look further."""
    run("keygen --ensure")
    digest = run_json(f"package {PAIR}")["content_digest"]
    run(f"sign {PAIR}")

    lines = run("release").stdout.splitlines()

    row = next(line for line in lines if "expert-mini" in line)
    assert [word for word in row.replace("│", " ").split() if "," not in word] == [
        "expert-mini", "nano", "0.000", "0.900", "1.0e-09", digest[:12], "accepted", f"dist/{NAME}",
    ]  # fmt: skip
    assert lines[-3:] == [
        f"expert-cli verify dist/{NAME}",
        "mlflow ui --backend-store-uri sqlite:///mlflow.db",
        "dvc dag",
    ]


def both(project: Path) -> None:
    """Let the expert be trained and accepted on its second base as well."""
    recipe = other_base()
    put(project / f"build/recipes/{recipe.key}.json", recipe.to_json())
    train(project, recipe, seed=2)
    decompose_adapter(project, recipe)
    judge(project, recipe=recipe)


def test_all_models_are_packed_side_by_side(project: Path) -> None:
    """One package for each base of the manifest, the same as one by one."""
    both(project)

    made = run_json("package --expert expert-mini --all-models")["packages"]

    assert [Path(each["path"]).name for each in made] == [NAME, "expert-mini-other.v1.0.0.expert"]
    for base, each in zip(("nano", "other"), made, strict=True):
        assert run_json(f"package --expert expert-mini --base {base}")["content_digest"] == each["content_digest"]
        assert [entry["name"] for entry in run_json(f"inspect {each['path']}")["bases"]] == [base]


def test_several_bases_and_none_chosen_is_an_error_that_lists_them(project: Path) -> None:
    """Exit status 2, and nothing is packed."""
    message = run("package --expert expert-mini", status=2).stderr

    assert "expected --base, one of nano, other, or --all-models" in message
    assert not (project / "build/packages").exists()


@pytest.mark.parametrize("spelling", ["nano", "Nano", "models/NANO", "Some/Nano"])
@pytest.mark.usefixtures("project")
def test_a_base_is_found_however_it_is_spelled(spelling: str) -> None:
    """A path, a hub id, capitals."""
    assert Path(run_json(f"package --expert expert-mini --model {spelling}")["path"]).name == NAME


def test_every_command_knows_the_same_spellings(project: Path) -> None:
    """Of the bases that the project describes; two that may be meant are an error that lists them."""
    for name in ("m-1.1b", "m-2.b", "m.2-b"):
        put(project / f"configs/base_models/{name}.yaml", b"")

    assert "expert-mini-m-1.1b" in run("decompose --expert expert-mini --base Some/M-1-1B", status=11).stderr
    assert "which may be m-2.b or m.2-b" in run("decompose --expert expert-mini --base m-2-b", status=2).stderr
    assert (
        "expert-mini-gemma-2b" in run("decompose --expert expert-mini --base 'F:\\models\\Gemma 2B'", status=11).stderr
    )


def test_a_base_that_the_expert_is_not_for_is_named(project: Path) -> None:
    """Exit status 4, with those that there are; two that may be meant are told as well."""
    unknown = run("package --expert expert-mini --model gemma", status=4).stderr
    raw = read_json(project / "experts/expert-mini/manifest.json")
    raw["base_models"] = [{**raw["base_models"][0], "name": name} for name in ("m-1.1b", "m-2b")]
    put(project / "experts/expert-mini/manifest.json", raw)

    assert "expected one of nano, other, got 'gemma'" in unknown
    assert "expected one of m-1.1b, m-2b, got 'gemma'" in run("package -m expert-mini --model gemma", status=4).stderr


def test_an_expert_of_schema_1_0_ignores_the_model(project: Path) -> None:
    """It has one base, which the name of its package does not repeat."""
    raw = read_json(project / "experts/expert-mini/manifest.json")
    entry = raw.pop("base_models")[0]
    single = {"schema_version": "1.0", "base_model": {"name": "nano"}, "adapters": entry["adapters"]}
    put(project / "experts/expert-mini/manifest.json", {**raw, **single})

    ignored = run_json("package --expert expert-mini --model gemma")
    plain = run_json("package --expert expert-mini")

    assert Path(plain["path"]).name == "expert-mini.v1.0.0.expert"
    assert ignored["content_digest"] == plain["content_digest"]


@pytest.mark.usefixtures("project")
def test_packing_tells_each_member_with_its_ratio() -> None:
    """Bytes before and after, for people and as JSON."""
    text = run(f"package {PAIR}").stdout
    members = run_json(f"package {PAIR}")["members"]

    assert re.search(r"^ +[\d,]+ -> +[\d,]+ +\d+\.\d%  deflate  adapter_model\.safetensors$", text, re.MULTILINE)
    assert all(0 < sizes["packed"] <= sizes["bytes"] + 1024 for sizes in members.values())
