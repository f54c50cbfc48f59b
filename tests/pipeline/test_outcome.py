"""What is said about a finished stage, from its entry and its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from expertkit.files import write_json
from tasks import outcome


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_settings_are_named_by_section() -> None:
    """The parameters that DVC recorded, flat."""
    entry = {"params": {"build/recipes/a.json": {"train": {"rank": 16, "target_modules": ["q", "k"]}, "version": "1"}}}

    assert outcome.settings(entry) == {"train.rank": "16", "train.target_modules": "['q', 'k']", "version": "1"}


def test_figures_are_the_finite_numbers_of_metrics() -> None:
    """Nested numbers count; words, truth values, lists and no-numbers do not."""
    metrics = {"score": 0.5, "unseen": {"items": 200}, "verdict": "accepted", "ok": True, "interval": [0, 1]}
    write_json(Path("out/metrics.json"), metrics)

    assert outcome.figures({"outs": [{"path": "out/metrics.json"}]}) == {"score": 0.5, "unseen.items": 200.0}


def test_reports_pictures_and_curves_are_attached() -> None:
    """Of a folder, what a person wants to look at; not the weights."""
    for name in ("loss.csv", "adapter_model.safetensors", "ab.png", "refused.json", "report.html"):
        Path("out").mkdir(exist_ok=True)
        Path("out", name).touch()

    attached = outcome.attachments({"outs": [{"path": "out"}]})

    assert [path.name for path in attached] == ["ab.png", "loss.csv", "refused.json", "report.html"]


def test_a_stage_without_settings_or_metrics_has_none() -> None:
    """Base models read no parameters and write no figures."""
    Path("models").mkdir()

    assert outcome.settings({"outs": []}) == {}
    assert outcome.figures({"outs": [{"path": "models"}]}) == {}
