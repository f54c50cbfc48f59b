"""The commands around containers, as a person types them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from expertkit.containers.reader import Container
from expertkit.containers.sources import Held
from tests.cli.running import NAME, PAIR, enter_project, run, run_json
from tests.docs.make import ROOT
from tests.packages.builders import put

GOLDEN = ROOT / "tests/golden"
RAW, PACKED, ARCHIVE = GOLDEN / "container" / NAME, GOLDEN / "container-packed" / NAME, GOLDEN / NAME
READING = ("validate", "inspect", "diff {path}", "verify --key {key} --at 2026-02-01", "unpack {new} --unsigned")
RETIRED = "archives will be retired: expert-cli convert makes containers of them (docs/migration.md)"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An accepted expert in the current folder, and a signer's home that is not the person's own."""
    return enter_project(tmp_path, monkeypatch)


@pytest.mark.parametrize("path", [RAW, ARCHIVE], ids=["container", "archive"])
@pytest.mark.parametrize("command", READING)
def test_each_run_says_the_form_that_it_read(tmp_path: Path, path: Path, command: str) -> None:
    """On stderr; of an archive also, once, that it will be retired."""
    name, *more = command.split(" ", 1)
    rest = "".join(more).format(path=path, key=GOLDEN / "publisher.pub", new=tmp_path / "new")

    told = run(f"{name} {path} {rest}").stderr.splitlines()

    form = "container, format 1.0" if path == RAW else "archive, tar.gz"
    assert {line for line in told if line.startswith(str(path))} == {f"{path}: {form}"}
    assert told.count(RETIRED) == (0 if path == RAW else 1)


def test_validate_says_what_was_not_read_and_how_long_it_took() -> None:
    """Without --verify-integrity the sections of a container are left alone."""
    quick, whole = (run_json(f"validate {RAW} --time{more}") for more in ("", " --verify-integrity"))
    text = run(f"validate {RAW} --time").stdout.splitlines()

    assert [quick["sections_read"], whole["sections_read"]] == [False, True]
    assert quick["kind"] == whole["kind"] == "container"
    assert quick["milliseconds"] > 0
    assert text[0] == f"{RAW}: valid, expert-mini 1.0.0 for nano"
    assert text[1] == "13 sections were not read; --verify-integrity does"
    assert text[2].startswith("checked in ")


def test_only_a_whole_validation_finds_a_damaged_section(tmp_path: Path) -> None:
    """And says which, and where."""
    data = bytearray(PACKED.read_bytes())
    entry = next(each for each in Container(Held(bytes(data))).entries if each.name == "tokenizer.json")
    data[entry.at + 5] ^= 1
    put(tmp_path / "a.expert", bytes(data))

    run(f"validate {tmp_path}/a.expert")
    refused = run(f"validate {tmp_path}/a.expert --verify-integrity", status=5)

    assert f"(tokenizer 'tokenizer.json'): expected SHA-256 {entry.digest.hex()}" in refused.stderr
    assert f"(at byte {entry.at})" in refused.stderr


@pytest.mark.parametrize("command", ["validate", "inspect"])
def test_the_parts_of_a_container_are_shown_alone(command: str) -> None:
    """The manifest as JSON, and a row for each section."""
    shown = run_json(f"{command} {PACKED} --dump-metadata --list-sections")
    text = run(f"{command} {PACKED} --list-sections").stdout.splitlines()
    manifest = run(f"{command} {PACKED} --dump-metadata").stdout

    assert shown["metadata"] == json.loads(manifest)
    assert shown["metadata"]["name"] == "expert-mini"
    assert [row["id"] for row in shown["sections"]] == [*range(1, 14)]
    first = shown["sections"][0]
    assert (first["type"], first["codec"], first["dtype"], first["layer"]) == ("adapter", "planes", "bfloat16", 0)
    assert text[0].split() == ["id", "type", "codec", "dtype", "offset", "stored", "raw", "layer", "name"]
    assert text[1].split()[:4] == ["1", "adapter", "planes", "bfloat16"]
    assert len(text) == 14


@pytest.mark.parametrize("shown", ["--dump-metadata", "--list-sections"])
def test_what_is_shown_alone_is_checked_whole_where_that_is_asked_for(tmp_path: Path, shown: str) -> None:
    """A damaged section is found, and how long it took is not asked of it."""
    data = bytearray(RAW.read_bytes())
    data[Container(Held(bytes(data))).entries[-1].at] ^= 1
    put(tmp_path / "a.expert", bytes(data))

    run(f"validate {tmp_path}/a.expert {shown}")
    run(f"validate {tmp_path}/a.expert {shown} --verify-integrity", status=5)
    run(f"validate {tmp_path}/a.expert {shown} --time", status=2)


def test_an_archive_has_no_sections_to_list() -> None:
    """The command that makes a container of it is named."""
    refused = run(f"inspect {ARCHIVE} --list-sections", status=11)

    assert "expected a container, whose sections could be listed, got archive" in refused.stderr
    assert f"Hint: expert-cli convert {ARCHIVE}" in refused.stderr


def test_the_form_is_chosen_where_it_is_packed(project: Path) -> None:
    """By an option, or by the recipe; the codec that was taken is told for each member."""
    by_recipe = run_json(f"package {PAIR}")
    by_option = run_json(f"package {PAIR} --format binary --codec zstd --compression-level 19 --output out")
    text = run(f"package {PAIR} --format binary --output out2").stdout

    assert (by_recipe["form"], by_option["form"]) == ("archive", "container")
    assert {row["codec"] for row in by_option["members"].values()} == {"raw", "zstd"}
    assert "planes   adapter_model.safetensors" in text
    assert (project / "out" / NAME).read_bytes()[:8] == b"HLLMEXP\0"


def test_the_line_goes_from_a_container_to_its_release(project: Path) -> None:
    """Packed, signed, released and verified by the commands of the line."""
    recipe = json.loads((project / "build/recipes/expert-mini-nano.json").read_bytes())
    recipe["package"]["format"] = "binary"
    put(project / "build/recipes/expert-mini-nano.json", recipe)
    run("keygen --ensure")
    run(f"package {PAIR}")
    signed = run_json(f"sign {PAIR}")

    released = run_json("release")["releases"]

    assert (
        run_json(f"verify dist/{NAME}")["content_digest"] == signed["content_digest"] == released[0]["content_digest"]
    )


def test_a_folder_is_converted_at_once(tmp_path: Path) -> None:
    """Every package in it; one that cannot be converted does not keep the others from it."""
    folder = tmp_path / "dist"
    put(folder / "a.expert", ARCHIVE.read_bytes())
    put(folder / "b.expert", ARCHIVE.read_bytes()[:-20])
    put(folder / "c.expert", RAW.read_bytes())
    (folder / "d.expert").symlink_to("nowhere")

    refused = run(f"convert {folder} --output {tmp_path}/new --unsigned", status=12)

    assert {path.name for path in (tmp_path / "new").glob("*.expert")} == {"a.expert", "c.expert"}
    assert "b.expert: " in refused.stderr
    assert "d.expert: No such file or directory" in refused.stderr
    assert refused.stdout.count("equal to ") == 2


def test_conversion_goes_there_and_back(tmp_path: Path) -> None:
    """The container and the archive have the digest of the same members."""
    there = run_json(f"convert {ARCHIVE} --output {tmp_path}/there --unsigned")["packages"][0]
    back = run_json(f"convert {tmp_path}/there/{NAME} --to archive --output {tmp_path}/back --unsigned")["packages"][0]

    assert there["members_digest"] == back["members_digest"] == back["content_digest"]
    assert (there["from"], there["form"], back["form"]) == ("archive", "container", "archive")
    assert there["signed"] is False


def test_converted_with_a_key_it_verifies(project: Path) -> None:
    """The key's owner vouches for the result."""
    run("keygen --ensure")

    made = run_json(f"convert {ARCHIVE} --output new --key home/publisher.key --unsigned")["packages"][0]

    assert made["signed"] is True
    assert (
        run_json(f"verify new/{NAME} --key {project}/build/publisher.pub")["content_digest"] == made["content_digest"]
    )


def test_two_packages_of_one_name_are_not_converted_into_one(tmp_path: Path) -> None:
    """Nothing is overwritten in silence."""
    for folder in ("a", "b"):
        put(tmp_path / folder / NAME, ARCHIVE.read_bytes())

    refused = run(f"convert {tmp_path}/a {tmp_path}/b --output {tmp_path}/new", status=2)

    assert "expected packages of different names" in refused.stderr
    assert not (tmp_path / "new").exists()


def test_a_failed_conversion_says_what_helps(tmp_path: Path) -> None:
    """The hint of the first error that has one."""
    refused = run(f"convert {ARCHIVE} --output {ARCHIVE.parent} --unsigned", status=12)

    assert "Hint: --output DIR" in refused.stderr
    assert not [*tmp_path.iterdir()]


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    "command",
    [
        f"convert {ARCHIVE} --valid-days 3", f"convert {RAW} --to archive --codec raw",
        f"package {PAIR} --format archive --alignment 4096", f"package {PAIR} --codec raw",
        f"convert {ARCHIVE} --codec raw --compression-level 9",
    ],
)  # fmt: skip
def test_an_option_without_effect_is_refused(command: str) -> None:
    """Nobody is left to think that it did something."""
    assert "expected --" in run(command, status=2).stderr


def test_a_newer_format_is_named(tmp_path: Path) -> None:
    """In the line that says the form, and in the refusal."""
    data = RAW.read_bytes()
    put(tmp_path / "a.expert", data[:8] + b"\2" + data[9:])

    told = run(f"validate {tmp_path}/a.expert", status=11).stderr

    assert "a.expert: container, format 2.0" in told
    assert "expected format version 1, got 2.0" in told


def test_nothing_to_convert_is_said(tmp_path: Path) -> None:
    """An empty folder is a mistake in the command line."""
    (tmp_path / "empty").mkdir()

    assert "expected packages in this folder, got none" in run(f"convert {tmp_path}/empty", status=2).stderr


@pytest.mark.parametrize(
    "given", ["--codec lzma", "--compression-level 0", "--compression-level 20", "--alignment 100"]
)
def test_what_no_container_has_is_refused_before_anything_is_read(tmp_path: Path, given: str) -> None:
    """The choices are named."""
    shutil.copy(ARCHIVE, tmp_path)

    run(f"convert {tmp_path}/{NAME} {given}", status=2)

    assert [path.name for path in tmp_path.iterdir()] == [NAME]
