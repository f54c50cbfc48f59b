"""The command as a person types it, on a nano base: what it writes, what it keeps, and what it leaves alone."""

from __future__ import annotations

import csv
import json
import re
import shlex
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from expertkit import layout
from expertkit.adapters import Lora
from expertkit.cli.main import main
from expertkit.evaluation.questions import Questions
from expertkit.osd.point import Point
from expertkit.packages.weights import read_trained, write_adapter
from expertkit.recipes import OsdConfig, Recipe
from expertkit.search.choice import Asked, Choice
from expertkit.search.outcome import table
from tests.adapters.builders import random_ia3
from tests.packages.builders import put
from tests.search.builders import SEARCHED, SMALL, make_project, make_trial

PAIR = f"--expert {SEARCHED.expert} --base {SEARCHED.base}"
FOLDER = layout.SEARCH / SEARCHED.key


def run(command: str, *, status: int = 0) -> str:
    """What a command prints; it must end with that exit status."""
    done = CliRunner().invoke(main, shlex.split(command))
    assert done.exit_code == status, done.output
    return done.stdout if status == 0 else done.output


def read(path: Path) -> Any:
    """A file of JSON."""
    return json.loads(path.read_text())


def rows(folder: Path) -> list[dict[str, str]]:
    """The rows of trials.csv."""
    with (folder / "trials.csv").open() as file:
        return list(csv.DictReader(file))


def put_recipe(recipe: Recipe) -> None:
    """What the stage ``recipes`` leaves."""
    put(layout.RECIPES / f"{recipe.key}.json", recipe.to_json())


@pytest.fixture(scope="module")
def searched(nano_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project after ``expert-cli search``."""
    folder = tmp_path_factory.mktemp("searched") / "project"
    make_project(folder, nano_base)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        run(f"search {PAIR}")
    return folder


@pytest.fixture
def project(searched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, to be changed, in which commands are typed."""
    shutil.copytree(searched, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


def test_the_winner_is_named_and_lies_there(searched: Path) -> None:
    """Where all is good, the fewest bytes of those that were asked; its file is beside it, of so many bytes."""
    folder = searched / FOLDER
    metrics, winner = read(folder / "metrics.json"), read(folder / "winner.json")

    assert Point.from_json(winner["point"]).to_json() == winner["point"]
    assert (folder / "adapter_model.osd").stat().st_size == metrics["bytes"]
    assert (
        metrics["bytes_whole"] == (searched / layout.TRAIN / SEARCHED.key / "adapter_model.safetensors").stat().st_size
    )
    assert 0 < metrics["bytes"] < metrics["bytes_whole"]
    assert (metrics["trials"], metrics["asked"]) == (6, 2)
    assert (folder / "pareto.png").read_bytes().startswith(b"\x89PNG")


def test_every_trial_is_a_row(searched: Path) -> None:
    """The fewest bytes first, one of them the winner, those asked with what they answered."""
    found = rows(searched / FOLDER)

    assert len(found) == 6
    assert [int(row["bytes"]) for row in found] == sorted(int(row["bytes"]) for row in found)
    assert [row["winner"] for row in found].count("1") == 1
    assert [row["dev_score"] != "" for row in found].count(True) == 2
    assert all(row["front"] == "1" for row in found if row["dev_score"])


def test_the_same_search_gives_the_same_files(project: Path) -> None:
    """From trials and answers that were kept: nothing is done again."""
    before = {path.name: path.read_bytes() for path in (project / FOLDER).iterdir()}
    kept = {path: path.stat().st_mtime_ns for path in (project / layout.TRIALS_DONE).iterdir()}

    run(f"search {PAIR}")

    assert {path.name: path.read_bytes() for path in (project / FOLDER).iterdir()} == before
    assert {path: path.stat().st_mtime_ns for path in (project / layout.TRIALS_DONE).iterdir()} == kept


def test_trials_can_be_done_by_others(project: Path) -> None:
    """Listed with key and name, done by key, printed with bytes and error; then nothing is missing."""
    shutil.rmtree(project / layout.TRIALS_DONE)
    listed = json.loads(run(f"search {PAIR} --list --json"))["trials"]

    done = json.loads(run(f"search {PAIR} --trial {listed[0]['key']} --trial {listed[4]['key']} --json"))["trials"]

    left = json.loads(run(f"search {PAIR} --list --json"))["trials"]
    table_rows = {row["point"]: row for row in rows(project / FOLDER)}
    assert [(each["key"], each["name"]) for each in done] == [(listed[n]["key"], listed[n]["name"]) for n in (0, 4)]
    assert all(table_rows[each["name"]]["bytes"] == str(each["bytes"]) for each in done)
    assert left == [each for each in listed if each["key"] not in {row["key"] for row in done}]


def test_a_key_of_no_trial_is_refused(project: Path) -> None:
    """It is named, with the command that lists those there are."""
    said = run(f"search {PAIR} --trial abc", status=11)

    assert "expected keys of its trials, got abc" in said
    assert "expert-cli search --list" in said
    assert (project / FOLDER).is_dir()


def test_a_tolerance_that_nothing_meets_keeps_the_adapter_whole(project: Path) -> None:
    """The reason says what was found: the whole adapter is on record with right answers, and no other gives any."""
    for path in (project / layout.TRIALS_DONE).glob("*.answers.json"):
        path.unlink()
    questions(project, SEARCHED, []).right(read_trained(project, SEARCHED.expert, SEARCHED.base))
    (whole,) = (project / layout.TRIALS_DONE).glob("*.answers.json")
    put(whole, {"right": [True] * len(read(whole)["right"])})
    put_recipe(replace(SEARCHED, search=replace(SMALL, tolerance=0.001)))

    said = run(f"search {PAIR}")

    assert read(project / FOLDER / "winner.json")["point"] is None
    assert re.search(r"none loses at most 0\.001 of 1\.000 with 95 % confidence, \d asked, the best has 0\.000", said)
    assert not (project / FOLDER / "adapter_model.osd").exists()


def test_a_grid_is_searched_beside_the_release(project: Path) -> None:
    """Whatever the recipe says of its own search, and the stage's folder stays as it is."""
    before = (project / FOLDER / "metrics.json").read_bytes()
    put_recipe(replace(
        SEARCHED, search=replace(SMALL, enabled=False),
        decompose=replace(SEARCHED.decompose, osd=OsdConfig(rank=2, density=0.5, codec="f16")),
    ))  # fmt: skip
    put(project / layout.SEARCHES / "tiny.yaml", b"ranks: [2]\ncodecs: [f16]\nkept: [0.5]\nitems: 12\ntolerance: 1\n")

    run(f"search {PAIR} --grid tiny")

    assert read(project / layout.SEARCHED / "tiny" / SEARCHED.key / "metrics.json")["trials"] == 1
    assert (project / FOLDER / "metrics.json").read_bytes() == before


@pytest.mark.parametrize(
    ("recipe", "why"),
    [
        (replace(SEARCHED, search=replace(SMALL, enabled=False)), "search.enabled is false"),
        (
            replace(
                SEARCHED,
                decompose=replace(SEARCHED.decompose, osd=OsdConfig(rank=2, codec="rdq", bits_per_parameter=2.0)),
            ),
            "decompose.osd says how it is compressed",
        ),
    ],
    ids=["disabled", "said"],
)
def test_where_nothing_is_to_be_searched_the_reason_is_written(project: Path, recipe: Recipe, why: str) -> None:
    """No winner, no trial, and no picture of none."""
    put_recipe(recipe)

    assert run(f"search {PAIR}").strip().endswith(why)
    winner = read(project / FOLDER / "winner.json")
    assert (winner["point"], winner["why"]) == (None, why)
    assert {path.name for path in (project / FOLDER).iterdir()} == {"metrics.json", "trials.csv", "winner.json"}


def test_what_has_no_singular_vectors_is_kept_whole(project: Path) -> None:
    """An IA3 is no error of the line; its trials cannot be listed."""
    write_adapter(project / layout.TRAIN / SEARCHED.key, random_ia3(), base=SEARCHED.base)

    assert "ia3 has no singular vectors" in run(f"search {PAIR}")
    assert "expected a LoRA or DoRA to search, got ia3" in run(f"search {PAIR} --list", status=11)


def test_answers_are_kept_for_the_adapter_that_gave_them(project: Path, nano_base: Path, tmp_path: Path) -> None:
    """The same is not asked again, even where another gate waits for it; another one, or other settings, are."""
    asked: list[int] = []
    adapter = make_project(tmp_path / "other", nano_base)
    stricter = replace(SEARCHED, evaluate=replace(SEARCHED.evaluate, min_accuracy=1.0, margin=0.5))
    shorter = replace(SEARCHED, evaluate=replace(SEARCHED.evaluate, max_new_tokens=2))

    def ask(recipe: Recipe, lora: Lora) -> int:
        asked.clear()
        questions(project, recipe, asked).right(lora)
        return sum(asked)

    every = len(questions(project, SEARCHED, asked).items)
    assert ask(SEARCHED, adapter) == 0
    assert ask(stricter, adapter) == 0
    assert ask(SEARCHED, replace(adapter, alpha=2.0)) == every
    assert ask(shorter, adapter) == every
    assert ask(shorter, adapter) == 0


def questions(project: Path, recipe: Recipe, asked: list[int]) -> Questions:
    """Those of a search."""
    return Questions(project, recipe, split="dev", count=recipe.search.items, answered=asked.append)


def test_a_row_says_all_of_a_trial() -> None:
    """Columns that a spreadsheet can filter by."""
    small, large, beaten = make_trial(10, 0.5), make_trial(30, 0.25, name=8), make_trial(40, 0.375, name=2)
    choice = Choice(
        asked=(
            Asked(trial=large, score=0.875, low=0.75, agreement=0.9, is_good=True),
            Asked(trial=small, score=0.5, low=0.25, agreement=0.5, is_good=False),
        )
    )

    impossible = make_trial(0, 1.0, name=3)

    assert table([impossible, large, beaten, small], choice).splitlines() == [
        "point,codec,rank,score,density,sparsity,bits,bytes,error,front,dev_score,dev_low,agreement,winner",
        "f16 fro rank 1 density 1,f16,1,fro,0.5,0.5,,10,0.5,1,0.5000,0.2500,0.5000,0",
        "f16 fro rank 8 density 1,f16,8,fro,0.5,0.5,,30,0.25,1,0.8750,0.7500,0.9000,1",
        "f16 fro rank 2 density 1,f16,2,fro,0.5,0.5,,40,0.375,0,,,,0",
        "f16 fro rank 3 density 1,f16,3,fro,,,,,,0,,,,0",
    ]
