"""The release that a recipe is compared with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from expertkit.errors import ConfigError
from expertkit.recipes import Recipe, resolve
from expertkit.recipes.recipe import Previous
from tests.recipes.builders import edit, make_project, write


def row(**changed: str) -> dict[str, str]:
    """A release of expert-sql for the base tiny."""
    known = {"expert": "expert-sql", "version": "0.9.0", "base": "tiny", "content_digest": "a" * 64, "file": "x.expert"}
    return known | changed


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that has released two experts before, one of them for one base alone."""
    make_project(tmp_path)
    rows = [
        row(version="0.8.0", content_digest="c" * 64), row(), row(base="small", content_digest="b" * 64),
        row(expert="expert-json", content_digest="d" * 64),
    ]  # fmt: skip
    write(tmp_path / "releases/releases.json", json.dumps({"releases": rows}))
    return tmp_path


def previous_of(project: Path, previous: str) -> dict[str, Previous | None]:
    """What each recipe is compared with."""
    edit(project / "params.yaml", "overrides: {}", f"previous: {previous}")
    recipes: tuple[Recipe, ...] = resolve(project)
    return {recipe.key: recipe.evaluate.previous for recipe in recipes}


def test_a_recipe_names_the_release_for_its_base(project: Path) -> None:
    """By version and content digest; where that version is not for a base, or nothing is asked for, there is none."""
    found = previous_of(project, "{expert-sql: 0.9.0, expert-json: 0.9.0}")

    assert found == {
        "expert-sql-tiny": Previous(version="0.9.0", content_digest="a" * 64),
        "expert-sql-small": Previous(version="0.9.0", content_digest="b" * 64),
        "expert-json-tiny": Previous(version="0.9.0", content_digest="d" * 64),
        "expert-json-small": None,
    }


def test_a_release_is_not_compared_with_itself(project: Path) -> None:
    """While the manifest still has the released version there is nothing older to beat; null asks for nothing."""
    write(project / "releases/releases.json", json.dumps({"releases": [row(version="1.0.0")]}))

    assert set(previous_of(project, "{expert-sql: 1.0.0, expert-json: null}").values()) == {None}


def test_what_was_never_released_is_a_problem(project: Path) -> None:
    """With the file, the place and the versions that there are; all of them at once."""
    edit(project / "params.yaml", "overrides: {}", "previous: {expert-sql: 0.9.1, expert-jsn: 1.0.0, expert-json: 2}")

    with pytest.raises(ConfigError) as refusal:
        resolve(project)

    assert str(refusal.value.problems[0]).startswith("params.yaml: previous.expert-json: expected a semantic version")
    edit(project / "params.yaml", ", expert-json: 2", "")
    with pytest.raises(ConfigError) as refusal:
        resolve(project)
    misspelt, unknown = map(str, refusal.value.problems)
    assert misspelt.endswith("did you mean 'expert-json'?")
    assert unknown == (
        "params.yaml: previous.expert-sql: expected a version of it in releases/releases.json (0.8.0, 0.9.0), "
        "got \"0.9.1\", did you mean '0.9.0'?"
    )


def test_a_malformed_list_is_told_with_what_else_is_wrong(project: Path) -> None:
    """Beside the problems of params.yaml."""
    write(project / "releases/releases.json", '{"releases": [{}]}')
    edit(project / "params.yaml", "overrides: {}", "overrides: {}\nmore: 1")

    with pytest.raises(ConfigError) as refusal:
        resolve(project)

    assert {each.file for each in refusal.value.problems} == {"params.yaml", "releases/releases.json"}
