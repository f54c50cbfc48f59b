"""``expert-cli init`` makes an expert that the line accepts as it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from expertkit.cli.main import main
from expertkit.recipes import resolve
from tests.recipes.builders import edit, make_project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that resolves, as the current folder."""
    monkeypatch.chdir(make_project(tmp_path))
    return tmp_path


def run(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["init", *arguments])


@pytest.mark.parametrize("domain", ["sql", "json", "cypher"])
def test_a_new_expert_is_valid_and_can_be_released(project: Path, domain: str) -> None:
    """For the bases of params.yaml, with a few real items."""
    made = run("expert-new", "--domain", domain, "--json")
    valid = CliRunner().invoke(main, ["validate", "expert-new"])
    edit(project / "params.yaml", "expert-json]", "expert-json, expert-new]")

    recipes = [recipe for recipe in resolve(project) if recipe.expert == "expert-new"]

    assert (made.exit_code, valid.exit_code) == (0, 0), made.stderr + valid.stderr
    assert [(recipe.base, recipe.data.domain, recipe.evaluate.grader) for recipe in recipes] == [
        ("tiny", domain, domain), ("small", domain, domain),
    ]  # fmt: skip
    cases = json.loads((project / "experts/expert-new/tests/test_cases.json").read_text())
    assert len(cases) == 3
    assert all(case["question"] and case["answer"] for case in cases)


def test_bases_and_words_can_be_given(project: Path) -> None:
    """What is said stands in the manifest."""
    run("expert-new", "--base", "tiny", "--description", "Does it.", "--license", "Apache-2.0")

    raw = json.loads((project / "experts/expert-new/manifest.json").read_text())
    assert [entry["name"] for entry in raw["base_models"]] == ["tiny"]
    assert (raw["description"], raw["license"]) == ("Does it.", "Apache-2.0")


def test_all_that_is_wrong_is_told_and_nothing_is_made(project: Path) -> None:
    """A name, a base and a domain that cannot be."""
    done = run("New", "--base", "Tiny!")
    unknown = run("expert-new", "--domain", "cobol")

    assert (done.exit_code, unknown.exit_code) == (11, 11)
    assert "/name: expected an expert's name" in done.stderr
    assert "/base_models/0/name: expected a base model's name" in done.stderr
    assert "/training/dataset/generation/domain: expected one of" in unknown.stderr
    assert sorted(path.name for path in (project / "experts").iterdir()) == ["expert-json", "expert-sql"]


def test_an_expert_that_is_there_is_not_touched(project: Path) -> None:
    """Its folder is somebody's work."""
    before = (project / "experts/expert-sql/manifest.json").read_bytes()

    done = run("expert-sql")

    assert done.exit_code == 12
    assert (project / "experts/expert-sql/manifest.json").read_bytes() == before
