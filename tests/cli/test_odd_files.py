"""Paths that lead to no file, to none that ends, in circles, or to one that may not be read."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from expertkit.cli.main import main
from tests.docs.make import ROOT
from tests.manifest.builders import raw_manifest
from tests.packages.builders import put
from tests.recipes.builders import make_project

GOLDEN = ROOT / "tests/golden/expert-mini-nano.v1.0.0.expert"
KEY = ROOT / "tests/golden/publisher.pub"
PACKAGE_COMMANDS = (
    "validate", "validate --compatible", "inspect", "diff {golden}", "verify --key {key}", "unpack new --unsigned",
)  # fmt: skip
MANIFEST_COMMANDS = ("validate", "inspect", "diff {golden}", "migrate")


def run(command: str, path: Path) -> Result:
    """Ask a command about a path."""
    name, *more = command.format(golden=GOLDEN, key=KEY).split()
    return CliRunner().invoke(main, [name, str(path), *more])


@pytest.mark.usefixtures("in_time")
@pytest.mark.parametrize("command", PACKAGE_COMMANDS)
@pytest.mark.parametrize("made", ["pipe", "device", "pipe beside it"])
def test_a_package_that_never_ends_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, made: str
) -> None:
    """Or that never begins; its SHA-256 likewise."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.expert"
    if made == "pipe":
        os.mkfifo(path)
    elif made == "device":
        path.symlink_to("/dev/zero")
        path.with_name("a.expert.sha256").write_text(f"{'0' * 64}  a.expert\n")
    else:
        shutil.copyfile(GOLDEN, path)
        os.mkfifo(path.with_name("a.expert.sha256"))

    done = run(command, path)

    assert done.exit_code == (5 if command.startswith("verify") else 11)
    assert "expected a regular file, got a" in done.stderr


@pytest.mark.usefixtures("in_time")
@pytest.mark.parametrize("command", MANIFEST_COMMANDS)
def test_a_manifest_that_never_begins_is_refused_at_once(tmp_path: Path, command: str) -> None:
    """As a pipe of its own."""
    os.mkfifo(tmp_path / "m.json")

    done = run(command, tmp_path / "m.json")

    assert done.exit_code == 11
    assert "m.json: expected a regular file, got a pipe" in done.stderr


@pytest.mark.usefixtures("in_time")
@pytest.mark.parametrize("command", PACKAGE_COMMANDS)
def test_a_package_above_the_limit_is_not_hashed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """A file of a terabyte takes no place on the disk, and hours to read."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.expert"
    shutil.copyfile(GOLDEN, path)
    os.truncate(path, 1 << 40)
    path.with_name("a.expert.sha256").write_text(f"{'0' * 64}  a.expert\n")

    done = run(command, path)

    assert done.exit_code == (5 if command.startswith("verify") else 11)
    assert f"expected at most {2 << 30} bytes, got {1 << 40}" in done.stderr


@pytest.mark.parametrize(
    ("command", "status"), [("migrate", 1), ("validate", 11), ("validate --compatible", 11), ("inspect", 11)]
)
def test_a_manifest_that_links_lead_to_in_circles_is_none(tmp_path: Path, command: str, status: int) -> None:
    """One line, as for every path that leads nowhere."""
    (tmp_path / "manifest.json").symlink_to("manifest.json")

    done = run(command, tmp_path)

    assert (done.exit_code, len(done.stderr.splitlines())) == (status, 1)
    assert "manifest.json: " in done.stderr


def test_a_file_beside_a_manifest_that_links_lead_to_in_circles_is_not_there(tmp_path: Path) -> None:
    """The grammar, the questions and the folder itself."""
    folder = make_project(tmp_path) / "experts/expert-sql"
    for name in ("grammar.gbnf", "tests/test_cases.json"):
        (folder / name).unlink()
        (folder / name).symlink_to(Path(name).name)
    (tmp_path / "loop").symlink_to("loop")

    done = run("validate", folder)
    named = [CliRunner().invoke(main, ["train", "--base", "tiny", "--expert", str(tmp_path / "loop/manifest.json")])]
    named += [run(command, tmp_path / "loop") for command in ("validate", "migrate", "verify")]

    assert done.exit_code == 11
    assert "grammar.gbnf beside it, got no such file" in done.stderr
    assert "/evaluation/test_cases: expected a file beside the manifest" in done.stderr
    assert [each.exit_code for each in named] == [2, 2, 2, 2]


@pytest.mark.parametrize("command", MANIFEST_COMMANDS)
def test_what_may_not_be_read_has_one_exit_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Named itself, in a folder that is named, or behind one that may not be looked into."""
    put(tmp_path / "manifest.json", raw_manifest())
    path = tmp_path / "manifest.json"
    look_into, look_at, open_file = os.access, os.stat, os.open

    def refuse(target: object) -> None:
        if "manifest.json" in str(target) or "closed" in str(target):
            raise PermissionError(13, "Permission denied", str(target))

    monkeypatch.setattr(
        "os.access", lambda target, mode: "manifest.json" not in str(target) and look_into(target, mode)
    )
    monkeypatch.setattr("os.open", lambda target, *more, **named: refuse(target) or open_file(target, *more, **named))
    told = [run(command, each) for each in (path, tmp_path)]
    monkeypatch.setattr("os.stat", lambda target, *more, **named: refuse(target) or look_at(target, *more, **named))
    told += [run(command, tmp_path / "closed/manifest.json")]

    assert [done.exit_code for done in told] == [1, 1, 1]
    for done in told[:2]:
        errors = [line for line in done.stderr.splitlines() if "archive" not in line]
        assert errors == [f"Error: {path}: Permission denied"]
