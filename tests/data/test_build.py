"""The stage ``data``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from expertkit.data.build import build_data
from expertkit.errors import ConfigError
from expertkit.files import read_json
from expertkit.recipes import DataConfig, DataRecipe

CONFIG = DataConfig(
    domain="json", own=None, seed=1, train=50, dev=5, test=6, unseen=4, max_bad_share=0.01, similarity=0.9
)
RECIPE = DataRecipe(expert="expert-mini", version="1.0.0", grader="json", data=CONFIG)
FOLDER = Path("build/data/expert-mini")


def test_the_summary_tells_what_is_there(tmp_path: Path) -> None:
    """Every part has the size that was asked for."""
    summary = build_data(tmp_path, RECIPE)

    lines = {part: len((tmp_path / FOLDER / f"{part}.jsonl").read_text().splitlines()) for part in summary["counts"]}
    assert lines == summary["counts"] == {"train": 50, "dev": 5, "test": 6, "unseen": 4}
    assert read_json(tmp_path / FOLDER / "data.json") == summary


@pytest.mark.parametrize("domain", ["json", "sql", "cypher", "typescript"])
def test_more_items_than_there_are_questions_is_a_problem_of_the_parameter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, domain: str
) -> None:
    """It is named, after a bounded search; what was there stays."""
    (tmp_path / FOLDER).mkdir(parents=True)
    monkeypatch.setattr("expertkit.data.drawing._ATTEMPTS", 0)

    with pytest.raises(
        ConfigError, match=r"params\.yaml: defaults\.data\.train: expected fewer items, got 50: too many items"
    ):
        build_data(tmp_path, replace(RECIPE, data=replace(CONFIG, domain=domain)))

    assert list((tmp_path / FOLDER).parent.iterdir()) == [tmp_path / FOLDER]


def test_another_version_has_other_test_items_and_learns_the_same(tmp_path: Path) -> None:
    """A version is judged by items that nobody has looked at while it was made."""
    for version in ("1.0.0", "1.0.1"):
        build_data(tmp_path / version, replace(RECIPE, version=version))

    same = {
        part: (tmp_path / "1.0.0" / FOLDER / part).read_bytes() == (tmp_path / "1.0.1" / FOLDER / part).read_bytes()
        for part in ("train.jsonl", "dev.jsonl", "test.jsonl", "unseen.jsonl")
    }
    assert same == {"train.jsonl": True, "dev.jsonl": True, "test.jsonl": False, "unseen.jsonl": False}
