"""A recipe is a value: it round-trips, and its digest says which adapter will come out."""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from expertkit.errors import ConfigError, FormatError
from expertkit.recipes import Recipe, read_data_recipe, read_recipe, resolve, write_recipes
from tests.recipes.builders import make_project

SOURCES = (
    "src/expertkit/recipes/recipe.py",
    "src/expertkit/recipes/train_config.py",
    "src/expertkit/bases/location.py",
)


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    """A resolved recipe."""
    return resolve(make_project(tmp_path))[0]


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    """Later stages see exactly what was resolved."""
    recipes = resolve(make_project(tmp_path))

    written = write_recipes(tmp_path, recipes)

    assert [path.name for path in written] == [
        "expert-sql.json", "expert-json.json",
        "expert-sql-tiny.json", "expert-sql-small.json", "expert-json-tiny.json", "expert-json-small.json",
    ]  # fmt: skip
    for recipe in recipes:
        assert read_recipe(tmp_path, recipe.expert, recipe.base) == recipe
        assert read_data_recipe(tmp_path, recipe.expert) == recipe.data_recipe()


def test_resolving_again_writes_the_same_bytes_and_nothing_else_stays(tmp_path: Path) -> None:
    """A stage is stale only when its own recipe changed; recipes of dropped experts disappear."""
    recipes = resolve(make_project(tmp_path))
    before = {path.name: path.read_bytes() for path in write_recipes(tmp_path, recipes)}

    again = {path.name: path.read_bytes() for path in write_recipes(tmp_path, recipes)}
    write_recipes(tmp_path, recipes[:1])

    assert again == before
    assert sorted(path.name for path in (tmp_path / "build/recipes").iterdir()) == [
        "expert-sql-tiny.json",
        "expert-sql.json",
    ]


def test_a_missing_recipe_names_the_command_that_makes_it(tmp_path: Path) -> None:
    """Typed out of order, a stage says what to type first."""
    with pytest.raises(ConfigError, match="expected a resolved recipe, got no such file") as refusal:
        read_recipe(tmp_path, "expert-sql", "tiny")

    assert refusal.value.hint == "expert-cli recipes"


def test_a_recipe_of_no_such_expert_is_not_only_a_recipe_to_be_made(tmp_path: Path) -> None:
    """Where there are recipes, the name was wrong or params.yaml does not have it; the nearest one is named."""
    write_recipes(tmp_path, resolve(make_project(tmp_path)))

    with pytest.raises(ConfigError, match="did you mean 'expert-sql-tiny'") as refusal:
        read_recipe(tmp_path, "expert-sq", "tiny")

    assert refusal.value.hint == "name it in params.yaml, then expert-cli recipes"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"recipe": 2}, "recipe: expected 1, got 2"),
        ({"train": {}}, "train.learning_rate: expected a number, above 0 and at most 1, got nothing"),
        ({"extra": 1}, 'extra: expected a known key, got "extra"'),
    ],
)
def test_a_recipe_edited_by_hand_is_checked(tmp_path: Path, recipe: Recipe, change: dict[str, Any], told: str) -> None:
    """Recipes are outputs; one that another version or a person wrote is refused, not half read."""
    (path,) = write_recipes(tmp_path, [recipe])[1:]
    path.write_text(json.dumps(recipe.to_json() | change))

    with pytest.raises(ConfigError) as refusal:
        read_recipe(tmp_path, "expert-sql", "tiny")

    assert any(told in str(problem) for problem in refusal.value.problems)


def test_a_recipe_cut_short_is_malformed(tmp_path: Path, recipe: Recipe) -> None:
    """Half a file is no recipe."""
    (path,) = write_recipes(tmp_path, [recipe])[1:]
    path.write_bytes(path.read_bytes()[:100])

    with pytest.raises(FormatError, match=r"expert-sql-tiny\.json: expected JSON"):
        read_recipe(tmp_path, "expert-sql", "tiny")


def test_the_digest_changes_with_what_decides_the_adapter_and_with_nothing_else(recipe: Recipe) -> None:
    """Checkpoints are found by it: another threshold goes on where training stopped, another rank starts anew."""
    deciding = [
        replace(recipe, train=replace(recipe.train, rank=3)),
        replace(recipe, data=replace(recipe.data, seed=2)),
        replace(recipe, base_model=replace(recipe.base_model, fingerprint="0" * 64)),
    ]
    indifferent = [
        replace(recipe, version="2.0.0"),
        replace(recipe, evaluate=replace(recipe.evaluate, min_accuracy=0.5)),
        replace(recipe, sign=replace(recipe.sign, valid_days=1)),
    ]

    assert len({each.digest for each in [recipe, *deciding]}) == 4
    assert {each.digest for each in indifferent} == {recipe.digest}


@pytest.mark.parametrize("source", SOURCES)
def test_every_field_says_what_it_means(source: str) -> None:
    """A knob without an explanation is not offered."""
    classes = [
        node for node in ast.parse(Path(source).read_text(encoding="utf-8")).body if isinstance(node, ast.ClassDef)
    ]

    silent = [
        f"{each.name}.{node.target.id}"
        for each in classes
        if each.name != "Recipe"
        for node, after in zip(each.body, [*each.body[1:], None], strict=True)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
        if not (isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant))
    ]

    assert classes
    assert [name for name in silent if name not in {"DataRecipe.expert", "DataRecipe.data"}] == []
