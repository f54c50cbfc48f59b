"""``expert-cli migrate`` writes a manifest of schema 1.0 in schema 2.0, and nothing is lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from expertkit.cli.main import main
from expertkit.files import dump_json
from expertkit.manifest import parse
from tests.manifest.builders import raw_manifest, without

NEW = {"name", "version", "schema_version", "base_models"}
OLD: dict[str, Any] = {
    "_why": "first",
    **{key: value for key, value in raw_manifest().items() if key in {"name", "version"}},
    "base_model": {"_note": "kept", "name": "tiny", "quantization": "int4"},
    "adapters": raw_manifest()["base_models"][0]["adapters"],
    **{key: value for key, value in raw_manifest().items() if key not in NEW},
    "invented_later": {"b": 1, "a": [1.50, "ü"]},
}


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """A manifest of schema 1.0 with what nobody knows."""
    path = tmp_path / "manifest.json"
    path.write_bytes(dump_json(OLD))
    return path


def run(*arguments: object) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["migrate", *map(str, arguments)])


def test_one_base_becomes_a_list_of_one_in_its_place(manifest: Path) -> None:
    """Order, comments and unknown keys are as they were."""
    done = run(manifest)

    raw = json.loads(manifest.read_text())
    assert done.exit_code == 0
    assert list(raw) == [
        "_why", "name", "version", "schema_version", "base_models",
        *(key for key in OLD if key not in {"_why", "name", "version", "base_model", "adapters"}),
    ]  # fmt: skip
    assert raw["base_models"] == [{**OLD["base_model"], "prompt_template": "chatml", "adapters": OLD["adapters"]}]
    assert raw["schema_version"] == "2.0"
    assert {key: raw[key] for key in raw if key in OLD} == {key: OLD[key] for key in OLD if key in raw}
    assert parse(raw, file="manifest.json", compatible=True).manifest.base("tiny") is not None
    assert "/invented_later: expected a known key" in done.stderr


def test_migrating_twice_changes_nothing(manifest: Path) -> None:
    """Not a byte."""
    run(manifest)
    once = manifest.read_bytes()

    again = run(manifest.parent, "--json")

    assert manifest.read_bytes() == once
    assert json.loads(again.stdout)["changed"] is False


def test_a_dry_run_shows_the_difference_and_writes_nothing(manifest: Path) -> None:
    """As ``diff -u`` does."""
    before = manifest.read_bytes()

    done = run(manifest, "--dry-run")

    assert manifest.read_bytes() == before
    assert '-  "base_model": {' in done.stdout
    assert '+  "schema_version": "2.0",' in done.stdout
    assert '+  "base_models": [' in done.stdout
    assert "load_order" not in [line[1:] for line in done.stdout.splitlines() if line[0] in "+-"]


def test_a_dry_run_gives_the_difference_as_a_value_too(manifest: Path) -> None:
    """``--json`` says what would change as well."""
    shown = run(manifest, "--dry-run")

    facts = json.loads(run(manifest, "--dry-run", "--json").stdout)

    assert facts["difference"] + "\n" == shown.stdout
    assert (facts["changed"], facts["written"]) == (True, False)


def test_the_name_of_an_expert_will_do(manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As everywhere."""
    folder = tmp_path / "experts/expert-sql"
    folder.mkdir(parents=True)
    manifest.rename(folder / "manifest.json")
    monkeypatch.chdir(tmp_path)

    done = run("expert-sql")

    assert (done.exit_code, done.stdout) == (0, "experts/expert-sql/manifest.json: written in schema 2.0\n")
    assert json.loads((folder / "manifest.json").read_text())["schema_version"] == "2.0"


@pytest.mark.parametrize("key", ["_text", "base_model"])
def test_a_manifest_that_cannot_be_migrated_is_not_touched(manifest: Path, key: str) -> None:
    """Too long, or wrong in schema 2.0: what was there is there."""
    wrong = {"_text": "x" * (2**20 - 4000), "base_model": {**OLD["base_model"], "custom_template": 5}}
    manifest.write_text(json.dumps({**OLD, key: wrong[key]}, indent=1))
    manifest.write_text(manifest.read_text() + " " * (2**20 - manifest.stat().st_size if key == "_text" else 0))
    before = manifest.read_bytes()

    done = run(manifest)

    assert (done.exit_code, manifest.read_bytes()) == (11, before)
    assert "in schema 2.0: " in done.stderr
    assert "Hint: nothing was written" in done.stderr


def test_what_is_in_the_way_is_told_and_nothing_is_lost(manifest: Path) -> None:
    """Adapters inside of base_model mean nothing in schema 1.0, and would be replaced."""
    manifest.write_bytes(dump_json({**OLD, "base_model": {**OLD["base_model"], "adapters": ["mine"]}}))
    before = manifest.read_bytes()

    done = run(manifest)

    assert (done.exit_code, manifest.read_bytes()) == (11, before)
    assert "/base_model/adapters: expected nothing of that name" in done.stderr


def test_a_link_and_a_mode_stay_what_they_are(manifest: Path) -> None:
    """The file that a link leads to is written, with its own mode."""
    manifest.chmod(0o600)
    link = manifest.with_name("link.json")
    link.symlink_to(manifest)

    run(link)

    assert link.is_symlink()
    assert json.loads(manifest.read_text())["schema_version"] == "2.0"
    assert manifest.stat().st_mode & 0o777 == 0o600


def test_a_wrong_manifest_is_not_touched(manifest: Path) -> None:
    """All its problems are told instead."""
    manifest.write_bytes(dump_json(without(OLD, "adapters")))
    before = manifest.read_bytes()

    done = run(manifest)

    assert (done.exit_code, manifest.read_bytes()) == (11, before)
    assert "/adapters: expected a list" in done.stderr
