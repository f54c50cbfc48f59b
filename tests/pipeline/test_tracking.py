"""Logging stages in a real MLflow store, and one that does not work."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from mlflow import MlflowClient
from mlflow.entities import Run

from expertkit.files import write_json
from tasks import lockfile, session, store, tracking
from tasks.progress import Report

STAGE = "evaluate@expert-sql-nano"


@pytest.fixture(autouse=True)
def _flow(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A flow in a folder where one stage has an entry and a figure."""
    monkeypatch.chdir(tmp_path)
    shutil.copyfile(empty_store, "mlflow.db")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    _finish(score=0.5)
    with session.claimed(workers=1):
        session.update(stale=[STAGE])
        yield


def _finish(*, score: float) -> None:
    """Write what DVC and the stage leave behind."""
    write_json(Path("out/metrics.json"), {"score": score})
    entry = {"cmd": "expert-cli evaluate", "outs": [{"path": "out", "md5": str(score)}]}
    lockfile.FILE.write_text(yaml.safe_dump({"schema": "2.0", "stages": {STAGE: entry}}, sort_keys=False))


def _runs() -> list[Run]:
    client = MlflowClient(tracking_uri=store.uri())
    experiment = client.get_experiment_by_name(tracking.EXPERIMENT)
    assert experiment is not None
    found = client.search_runs([experiment.experiment_id])
    return [run for run in found if tracking.STAGE in run.data.tags]


def test_a_stage_is_a_run_below_its_flow() -> None:
    """With its curve by step, its figures, and the key of its result."""
    with tracking.opened(), tracking.recorded(STAGE) as record:
        record.add([Report(step=1, elapsed_s=1.0, measured={"loss": 2.0})])
        record.add([Report(step=2, elapsed_s=2.0, measured={"loss": 1.0})])

    (run,) = _runs()
    curve = MlflowClient(tracking_uri=store.uri()).get_metric_history(run.info.run_id, "loss")
    assert [(point.step, point.value) for point in curve] == [(1, 2.0), (2, 1.0)]
    assert run.data.metrics["score"] == 0.5
    assert run.data.tags[tracking.KEY] == lockfile.key(lockfile.entries()[STAGE])
    assert run.info.status == "FINISHED"


def test_the_same_result_is_logged_once() -> None:
    """A second run of the stage that comes to the same leaves no second run; another result does."""
    with tracking.opened():
        for score in (0.5, 0.5, 0.7):
            _finish(score=score)
            with tracking.recorded(STAGE):
                pass

    assert sorted(run.data.metrics["score"] for run in _runs()) == [0.5, 0.7]


def test_what_was_run_by_hand_is_logged_once() -> None:
    """Current and unknown: the next flow logs it, the one after does not."""
    session.update(stale=[])

    for _ in range(2):
        with tracking.opened():
            pass

    assert [run.info.run_name for run in _runs()] == [STAGE]


def test_a_stage_that_fails_is_a_failed_run_without_a_key() -> None:
    """And its second try continues the same run."""
    with tracking.opened():
        with pytest.raises(ValueError, match="no"), tracking.recorded(STAGE):
            raise ValueError("no")
        failed = _runs()[0].info.status
        with tracking.recorded(STAGE):
            pass

    (run,) = _runs()
    assert failed == "FAILED"
    assert run.info.status == "FINISHED"


def test_runs_of_dead_flows_are_ended() -> None:
    """A run that nobody will end is marked as killed."""
    with tracking.opened(), tracking.recorded(STAGE):
        run = _runs()[0].info.run_id
        client = MlflowClient(tracking_uri=store.uri())
        client.set_tag(run, store.FLOW, "a dead flow")
        client.set_tag(run, tracking.STAGE, "of that flow")
        tracking.settle()
        before = client.get_run(run).info.status
        session.update(interrupted_run=session.required().tracking_run)

        tracking.settle()

        assert (before, client.get_run(run).info.status) == ("RUNNING", "KILLED")


def test_a_broken_tracker_warns_and_lets_the_stage_be(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nothing is raised, whatever is asked of it."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////dev/null/mlflow.db")

    with tracking.opened(), tracking.recorded(STAGE) as record:
        record.add([Report(step=1, elapsed_s=1.0, measured={"loss": 2.0})])

    assert "warning: this flow is missing in MLflow" in capfd.readouterr().err
