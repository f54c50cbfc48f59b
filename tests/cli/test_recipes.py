"""``expert-cli recipes`` writes every recipe or says everything that is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from expertkit.cli.main import main
from tests.recipes.builders import edit, make_project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that resolves, as the current folder."""
    monkeypatch.chdir(make_project(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("project")
def test_recipes_are_written_and_named() -> None:
    """One object on stdout, one file per pair and one per expert's data."""
    result = CliRunner().invoke(main, ["recipes", "--json"])

    written = json.loads(result.stdout)["recipes"]
    assert result.exit_code == 0
    assert len(written) == 6
    assert all(Path(name).is_file() for name in written)


def test_problems_are_listed_one_a_line_and_nothing_is_written(project: Path) -> None:
    """Exit status 11, before anything is computed."""
    edit(project / "params.yaml", "seed: 1", "sede: 1")
    edit(project / "configs/training/lora.yaml", "rank: 2", "rank: 0")

    result = CliRunner().invoke(main, ["recipes", "--json"])

    assert (result.exit_code, result.stdout) == (11, "")
    assert result.stderr.splitlines() == [
        "Error: params.yaml: defaults.data.sede: expected a known key, got \"sede\", did you mean 'seed'?",
        "configs/training/lora.yaml: rank: expected a whole number in 1..256, got 0",
    ]
    assert not (project / "build").exists()


def test_old_recipes_stay_when_new_ones_are_wrong(project: Path) -> None:
    """A mistake does not take away what was resolved before."""
    CliRunner().invoke(main, ["recipes"])
    edit(project / "params.yaml", "seed: 1", "seed: -1")

    result = CliRunner().invoke(main, ["recipes"])

    assert result.exit_code == 11
    assert len(list((project / "build/recipes").iterdir())) == 6
