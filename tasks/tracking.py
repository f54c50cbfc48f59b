"""MLflow, the log of how good each stage was: written while stages run, never read to decide what runs.

A flow is a parent run, each stage that ran a child of it. A child carries the key of its entry in
``dvc.lock``, so that one result of a stage is logged once for ever, and a stage that was run by hand is
logged by the next flow. A tracker that does not work costs one line, never a stage.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run, ViewType
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from tasks import display, lockfile, outcome, session
from tasks.progress import Report, Tail

EXPERIMENT = "expertkit"
STAGE, KEY, FLOW = "expertkit.stage", "expertkit.key", "expertkit.flow"
"""Tags of a run: the stage it logs, the key of the result, the flow that made it."""
FAULTS = (MlflowException, SQLAlchemyError, OSError)
"""How a tracker fails: by its own errors, its database's, the disk's or the network's."""

_PARENT = "mlflow.parentRunId"
_FLUSH_EVERY_S = 2.0
_METRICS_PER_BATCH = 1000
_PARAMS_PER_BATCH = 100
_LONGEST_PARAM = 6000


@dataclass(slots=True, kw_only=True)
class Record:
    """The run of one stage while it runs; it falls silent when the tracker fails."""

    run: str | None
    begun_ms: int
    waiting: list[Metric] = field(default_factory=list)
    flushed: float = 0.0
    """When the last batch was logged, on the monotonic clock."""

    def add(self, reports: Sequence[Report]) -> None:
        """Log what was measured at each step, in a batch every two seconds."""
        if self.run is None:
            return
        self.waiting += _curves(reports, begun_ms=self.begun_ms)
        if self.waiting and time.monotonic() - self.flushed >= _FLUSH_EVERY_S:
            self.flush()

    def flush(self) -> None:
        """Log what waits, now."""
        run, self.run = self.run, None
        with tolerated("a curve"):
            if run is not None:
                _log_metrics(run, self.waiting)
            self.run, self.waiting, self.flushed = run, [], time.monotonic()


@contextmanager
def opened() -> Iterator[None]:
    """A parent run for the flow that runs here; what is current at its end and was never logged is logged too."""
    flow = session.required().flow
    run = None
    with tolerated("this flow"):
        _end_dead_runs()
        run = _begin(name=f"release {flow[:8]}", tags={})
        session.update(tracking_run=run)
    with _ended(run, what="the end of this flow"):
        yield
        with tolerated("what was run by hand"):
            if run is not None:
                _log_unlogged(run)


def settle() -> None:
    """Finish the log of a flow that died here, when there is nothing left for a new one to do."""
    interrupted = session.required().interrupted_run
    if interrupted is not None:
        with tolerated("the flow that was interrupted"):
            _end_dead_runs()
            _log_unlogged(interrupted)


@contextmanager
def recorded(stage: str) -> Iterator[Record]:
    """A run for a stage while it runs, with its settings, figures and pictures once it has finished."""
    record = Record(run=None, begun_ms=_now_ms())
    parent = session.required().tracking_run
    with tolerated(stage):
        record.run = _resumed(stage, parent) if parent else None
    run = record.run
    with _ended(run, what=stage):
        yield record
        record.flush()
        with tolerated(stage):
            if run is not None:
                _describe(run, stage)


@contextmanager
def tolerated(what: str) -> Iterator[None]:
    """Say that MLflow does not know about ``what``, and go on."""
    try:
        yield
    except FAULTS as error:
        display.say(f"warning: {what} is missing in MLflow: {str(error).splitlines()[0]}")


def uri() -> str:
    """Where runs are logged: what ``MLFLOW_TRACKING_URI`` says, or a file of this project."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{Path('mlflow.db').resolve()}"


@contextmanager
def _ended(run: str | None, *, what: str) -> Iterator[None]:
    """End ``run`` the way the block ends."""
    status = "FAILED"
    try:
        yield
        status = "FINISHED"
    finally:
        with tolerated(what):
            if run is not None and not _is_discarded(run):
                _client().set_terminated(run, status=status)


def _client() -> MlflowClient:
    return _client_of(uri())


@cache
def _client_of(place: str) -> MlflowClient:
    """Making the first one makes the store; one flow at a time runs here, so two never race to do that."""
    return MlflowClient(tracking_uri=place)


def _experiment() -> str:
    found = _client().get_experiment_by_name(EXPERIMENT)
    if found is not None:
        return str(found.experiment_id)
    place = None if "MLFLOW_TRACKING_URI" in os.environ else Path("mlartifacts").resolve().as_uri()
    return str(_client().create_experiment(EXPERIMENT, artifact_location=place))


def _begin(*, name: str, tags: dict[str, str]) -> str:
    flow = session.required().flow
    return str(_client().create_run(_experiment(), run_name=name, tags={**tags, FLOW: flow}).info.run_id)


def _resumed(stage: str, parent: str) -> str:
    """The stage's run in this flow: a second try continues the first one's."""
    flow = session.required().flow
    for run in _runs(f"tags.`{STAGE}` = '{stage}' and tags.`{FLOW}` = '{flow}'"):
        if KEY not in run.data.tags:
            _client().update_run(run.info.run_id, status="RUNNING")
            return str(run.info.run_id)
    return _begin(name=stage, tags={STAGE: stage, _PARENT: parent})


def _describe(run: str, stage: str) -> None:
    """Say what the stage read and wrote; a result that is on record already is not recorded again."""
    entry = lockfile.read(stage)
    if entry is None:
        return
    key = lockfile.key(entry)
    if _is_logged(key):
        _client().delete_run(run)
        return
    _log_settings(run, outcome.settings(entry))
    _log_metrics(run, [Metric(name, value, _now_ms(), 0) for name, value in outcome.figures(entry).items()])
    for path in outcome.attachments(entry):
        _client().log_artifact(run, str(path))
    _client().set_tag(run, KEY, key)


def _log_unlogged(parent: str) -> None:
    """Log every stage whose outputs are current though no flow made them."""
    stale = session.required().stale or ()
    for stage, entry in lockfile.entries().items():
        if stage not in stale and not _is_logged(lockfile.key(entry)):
            run = _begin(name=stage, tags={STAGE: stage, _PARENT: parent})
            _log_metrics(run, _curves(Tail(stage=stage).read(), begun_ms=_now_ms()))
            _describe(run, stage)
            _client().set_terminated(run)


def _end_dead_runs() -> None:
    """Runs that nobody will end: only one flow runs here, and it is this one."""
    flow = session.required().flow
    for run in _runs(f"attributes.status = 'RUNNING' and tags.`{FLOW}` != '{flow}'"):
        _client().set_terminated(run.info.run_id, status="KILLED")


def _is_logged(key: str) -> bool:
    return bool(_runs(f"tags.`{KEY}` = '{key}'", view=ViewType.ALL))


def _is_discarded(run: str) -> bool:
    return bool(_client().get_run(run).info.lifecycle_stage == "deleted")


def _runs(condition: str, *, view: int = ViewType.ACTIVE_ONLY) -> list[Run]:
    return list(_client().search_runs([_experiment()], filter_string=condition, run_view_type=view))


def _curves(reports: Sequence[Report], *, begun_ms: int) -> list[Metric]:
    return [
        Metric(name, value, begun_ms + round(report.elapsed_s * 1000), report.step)
        for report in reports
        for name, value in report.measured.items()
    ]


def _log_metrics(run: str, metrics: Sequence[Metric]) -> None:
    for start in range(0, len(metrics), _METRICS_PER_BATCH):
        _client().log_batch(run, metrics=metrics[start : start + _METRICS_PER_BATCH])


def _log_settings(run: str, settings: dict[str, str]) -> None:
    params = [Param(name, value[:_LONGEST_PARAM]) for name, value in settings.items()]
    for start in range(0, len(params), _PARAMS_PER_BATCH):
        _client().log_batch(run, params=params[start : start + _PARAMS_PER_BATCH])


def _now_ms() -> int:
    return int(time.time() * 1000)
