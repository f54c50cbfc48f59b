"""``expert-cli init`` makes an expert that the line accepts as it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from expertkit.cli.main import main
from expertkit.recipes import resolve
from tests.recipes.builders import base_text, edit, make_project, write


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that resolves, as the current folder."""
    monkeypatch.chdir(make_project(tmp_path))
    return tmp_path


def run(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["init", *arguments])


@pytest.mark.parametrize("domain", ["sql", "json", "cypher", "typescript"])
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
    """By the options that it was said with, each with the nearest word that there is."""
    done = run("New", "--base", "tinny", "--domain", "sqll", "--license", "a b", "--description", " ")

    assert done.exit_code == 11
    base, name, description, domain, spdx = done.stderr.removeprefix("Error: ").splitlines()
    assert base.startswith("expert-cli init: --base: expected one base model of configs/base_models/, got")
    assert base.endswith("got \"tinny\", did you mean 'tiny'?")
    assert name == "expert-cli init: NAME: expected an expert's name such as 'expert-sql', got \"New\""
    assert description == 'expert-cli init: --description: expected a text that is not empty, got " "'
    assert domain.startswith("expert-cli init: --domain: expected one of ")
    assert domain.endswith("did you mean 'sql'?")
    assert spdx == 'expert-cli init: --license: expected a word without spaces, got "a b"'
    assert sorted(path.name for path in (project / "experts").iterdir()) == ["expert-json", "expert-sql"]


def test_an_expert_may_bring_its_own_data(project: Path) -> None:
    """The file is copied into its folder, its columns are mapped, and the line accepts it as it is."""
    rows = ({"customer": f"where is {at}?", "queue": "shipping"} for at in range(60))
    write(project / "tickets.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    columns = ("--column", "instruction=customer", "--column", "response=queue")

    made = run("expert-new", "--data", "tickets.jsonl", *columns)
    edit(project / "params.yaml", "expert-json]", "expert-json, expert-new]")
    valid = CliRunner().invoke(main, ["data", "validate", "--expert", "expert-new"])

    recipe = next(recipe for recipe in resolve(project) if recipe.expert == "expert-new")
    assert made.exit_code == 0, made.stderr
    assert valid.exit_code == 0, valid.stderr
    assert (recipe.data.domain, recipe.evaluate.grader) == (None, "exact")
    assert recipe.data.own
    assert [file.place for file in recipe.data.own.files] == ["experts/expert-new/data/tickets.jsonl"]
    assert recipe.data.own.files[0].digest
    cases = json.loads((project / "experts/expert-new/tests/test_cases.json").read_text())
    assert [case["answer"] for case in cases] == ["shipping"] * 3


def test_own_data_that_cannot_be_read_makes_no_expert(project: Path) -> None:
    """What is wrong with it is told with what else is wrong."""
    write(project / "tickets.jsonl", '{"customer": "a", "queue": "b"}\n')

    done = run("expert-new", "--data", "tickets.jsonl", "--license", "a b")
    odd = run("expert-new", "--data", "tickets.jsonl", "--column", "answer=queue")

    assert (done.exit_code, odd.exit_code) == (11, 2)
    assert "tickets.jsonl: expected a column for the instruction" in done.stderr
    assert "--license" in done.stderr
    assert (
        "expected PART=NAME with one of instruction, input, response, category, group, got answer=queue" in odd.stderr
    )
    assert not (project / "experts/expert-new").exists()


@pytest.mark.usefixtures("project")
def test_no_name_is_no_name() -> None:
    """An empty word names no folder."""
    done = run("")

    assert done.exit_code == 11
    assert done.stderr.startswith("Error: expert-cli init: NAME: expected an expert's name")


@pytest.mark.parametrize("arguments", [[], ["--base", "tiny"]])
def test_outside_of_a_project_the_hint_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    """There is no base anywhere else, named or not."""
    monkeypatch.chdir(tmp_path)

    done = run("expert-new", *arguments)

    assert done.exit_code == 11
    assert done.stderr.splitlines()[-1] == "Hint: start from the project's root"


def test_a_base_is_found_however_it_is_spelled(project: Path) -> None:
    """Twice the same is one; a spelling of two bases is told with both."""
    for name in ("qwen3-0.6b", "qwen3-0-6b"):
        write(project / f"configs/base_models/{name}.yaml", base_text(name))

    made = run("expert-new", "--base", "TINY", "--model", "models/Tiny", "--base", "Qwen/Qwen3-0.6B")
    unclear = run("expert-other", "--base", "qwen3.0-6b")

    raw = json.loads((project / "experts/expert-new/manifest.json").read_text())
    assert made.exit_code == 0
    assert [entry["name"] for entry in raw["base_models"]] == ["tiny", "qwen3-0.6b"]
    assert unclear.exit_code == 11
    assert 'got "qwen3.0-6b", which may be qwen3-0-6b or qwen3-0.6b' in unclear.stderr


@pytest.mark.usefixtures("project")
def test_nothing_is_said_against_what_was_just_made() -> None:
    """Not that its bases learn from one data set either, which the line builds for all of them."""
    run("expert-new")

    valid = CliRunner().invoke(main, ["validate", "expert-new"])

    assert (valid.exit_code, valid.stderr) == (0, "")


def test_an_expert_that_is_there_is_not_touched(project: Path) -> None:
    """Its folder is somebody's work."""
    before = (project / "experts/expert-sql/manifest.json").read_bytes()

    done = run("expert-sql")

    assert done.exit_code == 12
    assert (project / "experts/expert-sql/manifest.json").read_bytes() == before
