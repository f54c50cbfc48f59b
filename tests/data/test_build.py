"""The stage ``data``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from expertkit.data.build import build_data
from expertkit.errors import ConfigError
from expertkit.files import read_json
from expertkit.recipes import DataConfig

CONFIG = DataConfig(domain="json", seed=1, train=50, dev=5, test=6, unseen=4)


def test_the_summary_tells_what_is_there(tmp_path: Path) -> None:
    """Every part has the size that was asked for."""
    summary = build_data(CONFIG, tmp_path / "data")

    lines = {part: len((tmp_path / "data" / f"{part}.jsonl").read_text().splitlines()) for part in summary["counts"]}
    assert lines == summary["counts"] == {"train": 50, "dev": 5, "test": 6, "unseen": 4}
    assert read_json(tmp_path / "data/data.json") == summary


@pytest.mark.parametrize("domain", ["json", "sql", "cypher", "typescript"])
def test_more_items_than_there_are_questions_is_a_problem_of_the_parameter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, domain: str
) -> None:
    """It is named, after a bounded search; what was there stays."""
    (tmp_path / "data").mkdir()
    monkeypatch.setattr("expertkit.data.novelty._ATTEMPTS", 0)

    with pytest.raises(
        ConfigError, match=r"params\.yaml: defaults\.data\.train: expected fewer items, got 50: too many items"
    ):
        build_data(replace(CONFIG, domain=domain), tmp_path / "data")

    assert list(tmp_path.iterdir()) == [tmp_path / "data"]
