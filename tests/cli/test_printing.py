"""What commands print is text and nothing else, whoever wrote it: one line stays one, and no terminal obeys it."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Iterator, Mapping
from errno import ENOSPC
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from expertkit.adapters.tensors import encode as encode_tensors
from expertkit.cli.main import main
from expertkit.files import dump_json, sha256_bytes
from tests.archives.builders import decode, member, tarred
from tests.archives.builders import encode as encode_archive
from tests.docs.make import ROOT
from tests.manifest.builders import raw_manifest, without
from tests.packages.builders import MANIFEST, make_project, put

MARK = "a\nFORGED\r\x1b]0;FORGED\x07\x9b31m\u202e\x7f\u2028FORGED"
NAME = MARK.replace("/", "")
GOLDEN = ROOT / "tests/golden/expert-mini-nano.v1.0.0.expert"
KEY = ROOT / "tests/golden/publisher.pub"
Members = dict[str, bytes]
Where = tuple[str | int, ...]


def run(*arguments: object) -> Result:
    """Run a command, which may fail, and check what it prints for people."""
    done = CliRunner().invoke(main, [*map(str, arguments)])
    assert done.exception is None or isinstance(done.exception, SystemExit)
    for line in [*done.stdout.split("\n"), *done.stderr.split("\n")]:
        assert line.isprintable(), line
        assert not line.startswith("FORGED"), line
    return done


def look(path: Path, beside: Path, scratch: Path) -> dict[str, Result]:
    """Ask every command that reads what strangers made about ``path``."""
    commands: list[tuple[object, ...]] = [
        ("validate", path), ("validate", "--compatible", path), ("inspect", path), ("diff", path, beside),
        ("diff", beside, path), ("migrate", "--dry-run", path), ("verify", path, "--key", KEY, "--at", "2026-02-01"),
        ("unpack", path, scratch / "strict", "--unsigned"),
        ("unpack", "--compatible", "--unsigned", path, scratch / "compatible"),
    ]  # fmt: skip
    return {" ".join(map(str, command[:2])): run(*command) for command in commands}


def texts(value: Any, at: Where = ()) -> Iterator[Where]:
    """Where texts stand in a JSON value."""
    if isinstance(value, str):
        yield at
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from texts(inner, (*at, key))


def marked(value: Any, at: Where) -> Any:
    """The value with the text at a place replaced."""
    if not at:
        return MARK
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[at[0]] = marked(value[at[0]], at[1:])
    return copy


def relisted(members: Members, **changed: object) -> Members:
    """Members with a manifest that names all of them, and which is ``changed``."""
    names = sorted(members.keys() - {"manifest.json", "signature.sig"})
    files = {name: sha256_bytes(members[name]) for name in names}
    manifest = {**json.loads(members["manifest.json"]), "integrity": {"algorithm": "sha256", "files": files}, **changed}
    return {**members, "manifest.json": dump_json(manifest)}


def golden() -> Members:
    """The members of a signed package."""
    return decode(GOLDEN.read_bytes())


def legacy(members: Mapping[str, bytes]) -> bytes:
    """The archive that another program would make of them."""
    return gzip.compress(tarred(*(member(name, data) for name, data in members.items())))


OTHERS: dict[str, Any] = {
    "language": "en",
    "model_architecture": "llama",
    "author": "Ann",
}
MODERN = raw_manifest(quality_metrics={"benchmark": "own"}, invented="later", **OTHERS)
OLD = {
    **without(raw_manifest(schema_version="1.0"), "base_models"),
    "base_model": {"name": "tiny", "quantization": "int4"},
    "adapters": raw_manifest()["base_models"][0]["adapters"],
}


@pytest.mark.parametrize("raw", [MODERN, OLD], ids=["2.0", "1.0"])
def test_no_text_of_a_manifest_forges_a_line(tmp_path: Path, raw: Mapping[str, Any]) -> None:
    """Each text in turn, and a key; names of bases, licences and types among them."""
    whole, path = tmp_path / "whole.json", tmp_path / "manifest.json"
    put(whole, raw)
    places = list(texts(raw))

    for each in [*(marked(raw, place) for place in places), {**raw, MARK: 1}]:
        put(path, each)
        for command in ("validate", "validate --compatible", "inspect", "migrate --dry-run"):
            run(*command.split(), path)
        run("diff", whole, path)

    assert len(places) > 10
    assert run("inspect", whole).exit_code == 0


def test_no_evaluation_and_no_signature_forges_a_line(tmp_path: Path) -> None:
    """Each text of both in turn, in a package whose hashes are right."""
    members = golden()
    for name in ("evaluation.json", "signature.sig"):
        raw = json.loads(members[name])
        for place in texts(raw):
            (tmp_path / "a.expert").write_bytes(
                encode_archive(relisted({**members, name: dump_json(marked(raw, place))}))
            )

            told = look(tmp_path / "a.expert", GOLDEN, tmp_path)

            assert told["validate " + str(tmp_path / "a.expert")].exit_code in {0, 5, 11}


def odd_tensor() -> bytes:
    """An adapter's file with one tensor, of an odd name."""
    return encode_tensors({MARK: np.ones((2, 2), dtype=np.float32)}, "float32")


def tensor(members: Members) -> Members:
    """A tensor of another name, whose last number is none."""
    return relisted({**members, "adapter_model.safetensors": odd_tensor()[:-4] + b"\xff" * 4})


def integrity(members: Members) -> Members:
    """A hash of a member of another name."""
    files = json.loads(members["manifest.json"])["integrity"]["files"]
    return relisted(members, integrity={"algorithm": "sha256", "files": {**files, MARK: "0" * 64}})


def base_name(members: Members) -> Members:
    """A base of another name."""
    (base,) = json.loads(members["manifest.json"])["base_models"]
    return relisted(members, base_models=[{**base, "name": MARK}])


@pytest.mark.parametrize("change", [tensor, integrity, base_name], ids=lambda change: change.__name__)
@pytest.mark.parametrize("form", ["archive", "legacy"])
def test_no_part_of_a_package_forges_a_line(tmp_path: Path, change: Callable[[Members], Members], form: str) -> None:
    """Names of tensors, members and modules, in results and in errors."""
    changed = change({name: data for name, data in golden().items() if name != "signature.sig"})
    path = tmp_path / "a.expert"
    path.write_bytes(encode_archive(changed) if form == "archive" else legacy(changed))

    told = look(path, GOLDEN, tmp_path)

    assert any("a\\nFORGED" in done.stderr + done.stdout for done in told.values())


def test_two_packages_whose_tensors_have_such_names_are_compared(tmp_path: Path) -> None:
    """The names of tensors that only one has are shown."""
    raw = raw_manifest()
    for name, data in (("a", odd_tensor()), ("b", golden()["adapter_model.safetensors"])):
        members = {"manifest.json": dump_json(raw), "adapter_model.safetensors": data}
        (tmp_path / f"{name}.expert").write_bytes(legacy(members))

    found = run("diff", tmp_path / "a.expert", tmp_path / "b.expert")

    assert found.exit_code == 0
    assert "tensor      tiny: a\\nFORGED" in found.stdout


def test_no_name_of_a_member_forges_a_line(tmp_path: Path) -> None:
    """A name that no package has is shown in the error."""
    (tmp_path / "a.expert").write_bytes(legacy({NAME: b"{}"}))

    told = look(tmp_path / "a.expert", GOLDEN, tmp_path)

    assert {done.exit_code for done in told.values()} <= {2, 5, 11}


@pytest.mark.parametrize("suffix", [".expert", ".json", ""])
def test_no_name_of_a_file_forges_a_line(tmp_path: Path, suffix: str) -> None:
    """One that is read, one that is broken, one that is not there, a folder, and one beside a package."""
    path = tmp_path / (NAME + suffix)
    look(path, GOLDEN, tmp_path)
    for data in (b"{", dump_json(raw_manifest()), GOLDEN.read_bytes()):
        path.write_bytes(data)
        look(path, GOLDEN, tmp_path)
    path.with_name(f"{path.name}.sha256").write_bytes(b"0")
    look(path, GOLDEN, tmp_path)
    path.unlink()
    path.mkdir()
    (path / "manifest.json").write_bytes(b"{")

    told = look(path, GOLDEN, tmp_path)

    assert {done.exit_code for done in told.values()} <= {2, 11}


def test_no_error_of_the_system_or_of_the_command_line_forges_a_line(tmp_path: Path) -> None:
    """Both name what was typed."""
    (tmp_path / NAME).write_text("a file")

    system = run("unpack", "--unsigned", GOLDEN, tmp_path / NAME / "new")
    asked = [run(MARK), run("validate", f"--{MARK}"), run("verify", GOLDEN, "--at", MARK)]
    asked += [run("unpack", "--unsigned", __file__, "x"), run("validate", MARK)]
    asked += [run("sign", "--expert", MARK, "--base", MARK), run("base", "fingerprint", MARK)]

    assert system.exit_code == 1
    assert system.stderr.splitlines()[-1].startswith(f"Error: {tmp_path}/a\\nFORGED")
    assert all(done.exit_code != 0 and "Error: " in done.stderr for done in asked)


def test_nothing_that_is_packed_forges_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An expert's files and its manifest's bases are named as they are packed, listed and refused."""
    monkeypatch.chdir(make_project(tmp_path))
    put(Path("experts/expert-mini/tests") / NAME, b"[]")
    asked = ("package", "--expert", "expert-mini", "--include-tests")
    run(*asked, "--base", "nano", "--list-contents")
    run(*asked, "--base", "nano")

    put(Path("experts/expert-mini/manifest.json"), marked(MANIFEST, ("base_models", 1, "name")))
    several = run(*asked)

    assert several.exit_code != 0
    assert "a\\nFORGED" in several.stderr


def test_json_is_ascii_where_a_terminal_would_obey(tmp_path: Path) -> None:
    """Control and format characters are escapes of JSON's, letters are letters, and the values are the same."""
    put(tmp_path / "manifest.json", raw_manifest(description=f"Grüße 你好 🙂 {MARK}"))

    done = CliRunner().invoke(main, ["inspect", str(tmp_path / "manifest.json"), "--json"])

    assert done.stdout.removesuffix("\n").isprintable()
    assert "Grüße 你好 🙂 a\\nFORGED\\r\\u001b]0;FORGED\\u0007\\u009b31m\\u202e\\u007f\\u2028" in done.stdout
    assert json.loads(done.stdout)["description"] == f"Grüße 你好 🙂 {MARK}"


def test_a_path_that_is_no_text_is_printed_as_text(tmp_path: Path) -> None:
    """Its bytes are shown as escapes, on both outputs and in JSON."""
    path = tmp_path / os.fsdecode(b"a\xff.json")
    put(path, raw_manifest())

    shown = CliRunner().invoke(main, ["validate", str(path)])
    as_json = CliRunner().invoke(main, ["validate", str(path), "--json"])
    path.write_text("{")
    broken = CliRunner().invoke(main, ["validate", str(path)])

    assert "/a\\udcff.json: valid" in shown.stdout_bytes.decode()
    assert json.loads(as_json.stdout_bytes.decode("ascii"))["path"] == str(path)
    assert "/a\\udcff.json: " in broken.stderr_bytes.decode()


def test_an_error_of_the_system_without_a_file_has_no_empty_place_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system says stands alone then."""

    def fill(*_arguments: object, **_more: object) -> None:
        raise OSError(ENOSPC, "No space left on device")

    monkeypatch.setattr("expertkit.packages.difference.diff", fill)

    done = CliRunner().invoke(main, ["diff", str(GOLDEN), str(GOLDEN)])

    assert done.exit_code == 1
    assert [line for line in done.stderr.splitlines() if "archive" not in line] == ["Error: No space left on device"]


def test_too_little_memory_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit status 1, and no trace of where it happened."""

    def exhaust(*_arguments: object, **_more: object) -> None:
        raise MemoryError("Unable to allocate 1 TiB")

    monkeypatch.setattr("expertkit.packages.difference.diff", exhaust)

    done = CliRunner().invoke(main, ["diff", str(GOLDEN), str(GOLDEN)])

    assert (done.exit_code, done.stdout) == (1, "")
    assert [line for line in done.stderr.splitlines() if "archive" not in line] == [
        "Error: expected more memory, got too little: Unable to allocate 1 TiB"
    ]
