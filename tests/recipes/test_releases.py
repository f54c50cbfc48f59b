"""The list of releases, and the release that a recipe is compared with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from expertkit.errors import ConfigError
from expertkit.recipes import Recipe, resolve
from expertkit.recipes.recipe import Previous
from expertkit.recipes.releases import Released, read_releases
from tests.recipes.builders import edit, make_project, write


def row(**changed: str) -> dict[str, str]:
    """A release of expert-sql for the base tiny."""
    known = {"expert": "expert-sql", "version": "0.9.0", "base": "tiny", "content_digest": "a" * 64, "file": "x.expert"}
    return known | changed


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that has released two experts before, one of them for one base alone."""
    make_project(tmp_path)
    rows = [row(version="0.8.0"), row(), row(base="small", content_digest="b" * 64), row(expert="expert-json")]
    write(tmp_path / "releases/releases.json", json.dumps(rows))
    return tmp_path


def previous_of(project: Path, previous: str) -> dict[str, Previous | None]:
    """What each recipe is compared with."""
    edit(project / "params.yaml", "overrides: {}", f"previous: {previous}")
    recipes: tuple[Recipe, ...] = resolve(project)
    return {recipe.key: recipe.evaluate.previous for recipe in recipes}


def test_releases_are_read_in_their_order(project: Path) -> None:
    """Every field as it stands there; a project without a list has released nothing."""
    first, *others = read_releases(project)

    assert first == Released(
        expert="expert-sql", version="0.8.0", base="tiny", content_digest="a" * 64, file="x.expert"
    )
    assert len(others) == 3
    assert read_releases(project / "experts") == ()


def test_a_recipe_names_the_release_for_its_base(project: Path) -> None:
    """By version and content digest; where that version is not for a base, or nothing is asked for, there is none."""
    found = previous_of(project, "{expert-sql: 0.9.0, expert-json: 0.9.0}")

    assert found == {
        "expert-sql-tiny": Previous(version="0.9.0", content_digest="a" * 64),
        "expert-sql-small": Previous(version="0.9.0", content_digest="b" * 64),
        "expert-json-tiny": Previous(version="0.9.0", content_digest="a" * 64),
        "expert-json-small": None,
    }


def test_a_release_is_not_compared_with_itself(project: Path) -> None:
    """While the manifest still has the released version there is nothing older to beat; null asks for nothing."""
    write(project / "releases/releases.json", json.dumps([row(version="1.0.0")]))

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


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{}", "expected a list"),
        ("[{}]", "expert"),
        ("[", "line 1"),
        (json.dumps([row(content_digest="a")]), "/0/content_digest: expected a SHA-256"),
        (json.dumps([row(more="a")]), "/0/more: expected a known key"),
    ],
)
def test_a_malformed_list_is_a_problem_of_its_own(project: Path, text: str, problem: str) -> None:
    """With its file and the place in it."""
    write(project / "releases/releases.json", text)

    with pytest.raises(ConfigError) as refusal:
        read_releases(project)

    assert str(refusal.value).startswith("releases/releases.json")
    assert problem in str(refusal.value)
