"""The command as a person types it: twice, the second time with a release before it."""

from __future__ import annotations

import json
import shlex
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from expertkit import layout
from expertkit.cli.main import main
from expertkit.recipes import Recipe
from expertkit.recipes.recipe import Previous
from tests.packages.builders import MANIFEST, RECIPE, put

FIRST = replace(
    RECIPE,
    data=replace(RECIPE.data, train=60, dev=5, test=12, unseen=5),
    train=replace(RECIPE.train, max_seq_length=512, batch_size=4, learning_rate=1e-2, save_steps=3),
    evaluate=replace(
        RECIPE.evaluate, min_accuracy=0.0, max_p=1.0, margin=0.9, max_forgetting=100.0, max_new_tokens=6
    ),
)  # fmt: skip
"""An expert in bfloat16 that any gate lets through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What two versions left behind."""

    folder: Path
    first: dict[str, Any]
    """The figures of the first one."""
    second: dict[str, Any]
    said: str
    """What the second evaluation said to a person."""
    digest: str
    """Of the first one's package."""


def run(command: str) -> Result:
    """The outcome of a command that must succeed."""
    done = CliRunner().invoke(main, shlex.split(command))
    assert done.exit_code == 0, done.output
    return done


def put_recipe(recipe: Recipe) -> None:
    """What the stage ``recipes`` leaves."""
    put(layout.RECIPES / "expert-mini-nano.json", recipe.to_json())
    put(layout.RECIPES / "expert-mini.json", recipe.data_recipe().to_json())
    put(Path("experts/expert-mini/manifest.json"), {**MANIFEST, "version": recipe.version})


@pytest.fixture(scope="module")
def project(nano_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """An expert that was evaluated and released, and evaluated again as a new version."""
    folder = tmp_path_factory.mktemp("evaluated")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        shutil.copytree(nano_base, "models/nano")
        put(Path("experts/expert-mini/tests/test_cases.json"), [])
        put(Path("experts/expert-mini/grammar.gbnf"), b'root ::= "SELECT"\n')
        put(Path("configs/training/mini.yaml"), b"")
        put(Path("constraints.txt"), b"")
        put_recipe(FIRST)
        run("data build --expert expert-mini")
        pair = "--expert expert-mini --base nano"
        for command in ("train", "decompose", "evaluate"):
            run(f"{command} {pair}")
        first = json.loads(Path("build/evaluate/expert-mini-nano/metrics.json").read_text())
        built = json.loads(run(f"package {pair} --json").stdout)
        released = layout.RELEASED / f"{built['content_digest']}.expert"
        put(released, Path(built["path"]).read_bytes())
        previous = Previous(version="1.0.0", content_digest=built["content_digest"])
        put_recipe(replace(FIRST, version="1.1.0", evaluate=replace(FIRST.evaluate, previous=previous)))
        said = run(f"evaluate {pair}").output
        second = json.loads(Path("build/evaluate/expert-mini-nano/metrics.json").read_text())
    return Project(folder=folder, first=first, second=second, said=said, digest=built["content_digest"])


def test_the_release_before_is_asked_the_same(project: Project) -> None:
    """It is the same adapter, so that its score is the expert's, and nothing lies between them."""
    before = project.second["previous"]

    assert project.first["previous"] is None
    assert (before["version"], before["content_digest"]) == ("1.0.0", project.digest)
    assert before["score"] == project.second["expert_score"]
    assert before["difference"]["value"] == 0
    assert all(kept["difference"] == 0 for kept in before["kept"].values())


def test_what_was_trained_is_asked_too_where_fewer_bits_were_shipped(project: Project) -> None:
    """bfloat16 is another update than the trained one; its figures stand beside the expert's."""
    assert 0 <= project.first["compression"]["score"] <= 1
    assert project.first["compression"]["difference"]["items"] == project.first["items"] == 12


def test_the_cost_for_the_base_is_measured(project: Project) -> None:
    """A trained adapter changes something, and twice the same."""
    assert project.first["general"]["increase"] > 0
    assert project.first["general"] == project.second["general"]


def test_the_command_counts_looks_beside_its_outputs(project: Project) -> None:
    """Another version looks for the first time; no output tells how often somebody looked."""
    assert "look 1 at the test items of version 1.1.0" in project.said
    assert len((project.folder / ".work/looks/expert-mini-nano.jsonl").read_text().splitlines()) == 2
    assert "look" not in project.second


def test_the_stage_leaves_what_people_look_at(project: Project) -> None:
    """The page among it, and the same page in the package."""
    folder = project.folder / "build/evaluate/expert-mini-nano"

    assert {path.name for path in folder.iterdir()} == {
        "ab.png", "cases.jsonl", "loss.csv", "loss.png", "metrics.json", "replay.jsonl", "report.html", "scores.csv",
    }  # fmt: skip
    assert "<title>expert-mini 1.1.0 on nano: accepted</title>" in (folder / "report.html").read_text()
    package = next((project.folder / layout.RELEASED).iterdir())
    assert "report.html" in json.loads(run(f"inspect {package} --json").stdout)["members"]
