"""Searches in a real MLflow store, and in one that does not work."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from expertkit import layout
from expertkit.files import write_json
from expertkit.osd.point import Point
from expertkit.osd.settings import Settings
from expertkit.search.lineup import Search
from tasks import searches, session, store

MASK = Point(settings=Settings(rank=8, codec="int8", density=0.25))
SIZED = Point(settings=Settings(rank=8, codec="rdq"), bits=1.5)
SEARCH = Search(
    expert="expert-sql", base="nano", grid="full",
    files={key: layout.TRIALS_DONE / f"{key}.json" for key in ("mask", "sized", "impossible")},
)  # fmt: skip


@pytest.fixture(autouse=True)
def _flow(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A flow in a folder where no trial is done."""
    monkeypatch.chdir(tmp_path)
    shutil.copyfile(empty_store, "mlflow.db")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with session.claimed(workers=1):
        yield


def _do(key: str, point: Point, *, size: int) -> None:
    """Leave what the command leaves of a trial."""
    write_json(SEARCH.files[key], {"point": point.to_json(), "size": size, "error": 0.5, "density": 0.25})


def _runs(tag: str) -> list[Run]:
    client = MlflowClient(tracking_uri=store.uri())
    experiment = client.get_experiment_by_name(searches.EXPERIMENT)
    assert experiment is not None
    found = client.search_runs([experiment.experiment_id])
    return [run for run in found if tag in run.data.tags]


def test_a_trial_is_a_run_below_its_flow() -> None:
    """With what was tried and what it costs; of rdq the size that was wanted in place of a density."""
    _do("mask", MASK, size=1000)
    _do("sized", SIZED, size=2000)

    with searches.opened("full") as log:
        log.add_trials(SEARCH)

    runs = {run.data.tags[searches.TRIAL]: run for run in _runs(searches.TRIAL)}
    assert runs.keys() == {"mask", "sized"}
    assert runs["mask"].data.metrics == {"bytes": 1000, "error": 0.5, "density": 0.25}
    assert runs["mask"].data.params == {
        "expert": "expert-sql", "base": "nano", "rank": "8", "codec": "int8", "density": "0.25", "score": "fro",
        "indices": "auto", "space": "factor", "alpha": "1.0", "possible": "True",
    }  # fmt: skip
    assert runs["sized"].data.params["bits"] == "1.5"
    assert "density" not in runs["sized"].data.params
    assert {run.data.tags[store.PARENT] for run in runs.values()} == {_flows()[0].info.run_id}
    assert {run.info.status for run in [*runs.values(), *_flows()]} == {"FINISHED"}


def test_a_trial_is_logged_once() -> None:
    """However often it is looked at, in this flow and in the next, which logs what was done meanwhile."""
    _do("mask", MASK, size=1000)
    with searches.opened("full") as log:
        log.add_trials(SEARCH)
        log.add_trials(SEARCH)
    _do("sized", SIZED, size=2000)

    with searches.opened("full") as log:
        log.add_trials(SEARCH)

    assert sorted(run.data.tags[searches.TRIAL] for run in _runs(searches.TRIAL)) == ["mask", "sized"]


def test_a_size_that_no_file_has_is_on_record_without_bytes() -> None:
    """So that no curve shows a file of nothing."""
    _do("impossible", SIZED, size=0)

    with searches.opened("full") as log:
        log.add_trials(SEARCH)

    (run,) = _runs(searches.TRIAL)
    assert run.data.params["possible"] == "False"
    assert run.data.metrics == {}


def test_a_run_that_was_cut_off_is_no_record_of_its_trial() -> None:
    """A kill between its beginning and its batch: it is ended, and the trial logged. Runs of other places go on."""
    _do("mask", MASK, size=1000)
    client = MlflowClient(tracking_uri=store.uri())
    cut_off, elsewhere = (store.begin("cut off", {searches.PAIR: SEARCH.pair}, within="search") for _ in range(2))
    client.set_tag(cut_off, store.FLOW, "a dead flow")
    client.set_tag(elsewhere, store.FLOW, "a flow of somebody else")
    client.set_tag(elsewhere, store.WORKSPACE, "another:/project")

    with searches.opened("full") as log:
        log.add_trials(SEARCH)

    assert [client.get_run(run).info.status for run in (cut_off, elsewhere)] == ["KILLED", "RUNNING"]
    assert len(_runs(searches.TRIAL)) == 1


def test_a_pair_has_what_was_found() -> None:
    """Figures, the reason, table, picture and winner; and the flow the file of all pairs."""
    found = {"expert": "expert-sql", "base": "nano", "point": None, "why": "none is good", "dev_score_whole": 0.5}
    for name in ("metrics.json", "trials.csv", "winner.json", "pareto.png", "adapter_model.osd"):
        write_json(SEARCH.folder / name, found)

    with searches.opened("full") as log:
        log.add_result(SEARCH)
        log.add_file(searches.write("full", [found]))

    (run,) = (run for run in _runs(searches.PAIR) if searches.TRIAL not in run.data.tags)
    assert run.data.metrics == {"dev_score_whole": 0.5}
    assert run.data.tags["why"] == "none is good"
    assert _artifacts(run) == {"metrics.json", "pareto.png", "trials.csv", "winner.json"}
    assert _artifacts(_flows()[0]) == {"found.json"}
    assert searches.read("full") == [found]


def test_what_an_earlier_search_found_can_be_forgotten() -> None:
    """A search that comes to nothing shows nothing."""
    searches.write("full", [{"expert": "a"}])

    searches.forget("full")

    assert searches.read("full") == []


def test_a_broken_tracker_costs_one_line(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Whether it never worked or stops working on the way."""
    _do("mask", MASK, size=1000)
    _do("sized", SIZED, size=2000)
    with searches.opened("full") as log:
        shutil.rmtree(tmp_path / "mlartifacts", ignore_errors=True)
        Path("mlartifacts").write_text("a file where a folder should be")
        log.add_file(searches.write("full", []))
        log.add_trials(SEARCH)
        log.add_result(SEARCH)
    once = capfd.readouterr().err
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////dev/null/mlflow.db")

    with searches.opened("full") as log:
        log.add_trials(SEARCH)

    assert once.count("is missing in MLflow") == 1
    assert capfd.readouterr().err.count("warning: the search full is missing in MLflow") == 1


def _flows() -> list[Run]:
    return [run for run in _runs(store.FLOW) if searches.PAIR not in run.data.tags]


def _artifacts(run: Run) -> set[str]:
    return {file.path for file in MlflowClient(tracking_uri=store.uri()).list_artifacts(run.info.run_id)}
