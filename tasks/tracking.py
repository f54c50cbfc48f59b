"""MLflow, the log of how good each stage was: written while stages run, never read to decide what runs.

A flow is a parent run, each stage that ran a child of it. A child carries the key of its entry in
``dvc.lock``, so that one result of a stage is logged once for ever, and a stage that was run by hand is
logged by the next flow. A tracker that does not work costs one line, never a stage.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from mlflow.entities import Metric, Run, ViewType

from tasks import lockfile, outcome, session
from tasks.progress import Report, Tail
from tasks.store import FLOW, PARENT, begin, client, end_dead_runs, experiment, log_metrics, log_settings, tolerated

EXPERIMENT = "expertkit"
STAGE, KEY = "expertkit.stage", "expertkit.key"
"""Tags of a run: the stage it logs, the key of the result."""

_FLUSH_EVERY_S = 2.0


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
                log_metrics(run, self.waiting)
            self.run, self.waiting, self.flushed = run, [], time.monotonic()


@contextmanager
def opened() -> Iterator[None]:
    """A parent run for the flow that runs here; what is current at its end and was never logged is logged too."""
    flow = session.required().flow
    run = None
    with tolerated("this flow"):
        end_dead_runs(within=EXPERIMENT)
        run = begin(f"release {flow[:8]}", {}, within=EXPERIMENT)
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
            end_dead_runs(within=EXPERIMENT)
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
def _ended(run: str | None, *, what: str) -> Iterator[None]:
    """End ``run`` the way the block ends."""
    status = "FAILED"
    try:
        yield
        status = "FINISHED"
    finally:
        with tolerated(what):
            if run is not None and not _is_discarded(run):
                client().set_terminated(run, status=status)


def _resumed(stage: str, parent: str) -> str:
    """The stage's run in this flow: a second try continues the first one's."""
    flow = session.required().flow
    for run in _runs(f"tags.`{STAGE}` = '{stage}' and tags.`{FLOW}` = '{flow}'"):
        if KEY not in run.data.tags:
            client().update_run(run.info.run_id, status="RUNNING")
            return str(run.info.run_id)
    return begin(stage, {STAGE: stage, PARENT: parent}, within=EXPERIMENT)


def _describe(run: str, stage: str) -> None:
    """Say what the stage read and wrote; a result that is on record already is not recorded again."""
    entry = lockfile.read(stage)
    if entry is None:
        return
    key = lockfile.key(entry)
    if _is_logged(key):
        client().delete_run(run)
        return
    log_settings(run, outcome.settings(entry))
    log_metrics(run, [Metric(name, value, _now_ms(), 0) for name, value in outcome.figures(entry).items()])
    for path in outcome.attachments(entry):
        client().log_artifact(run, str(path))
    client().set_tag(run, KEY, key)


def _log_unlogged(parent: str) -> None:
    """Log every stage whose outputs are current though no flow made them."""
    stale = session.required().stale or ()
    for stage, entry in lockfile.entries().items():
        if stage not in stale and not _is_logged(lockfile.key(entry)):
            run = begin(stage, {STAGE: stage, PARENT: parent}, within=EXPERIMENT)
            log_metrics(run, _curves(Tail(stage=stage).read(), begun_ms=_now_ms()))
            _describe(run, stage)
            client().set_terminated(run)


def _is_logged(key: str) -> bool:
    return bool(_runs(f"tags.`{KEY}` = '{key}'", view=ViewType.ALL))


def _is_discarded(run: str) -> bool:
    return bool(client().get_run(run).info.lifecycle_stage == "deleted")


def _runs(condition: str, *, view: int = ViewType.ACTIVE_ONLY) -> list[Run]:
    return list(client().search_runs([experiment(EXPERIMENT)], filter_string=condition, run_view_type=view))


def _curves(reports: Sequence[Report], *, begun_ms: int) -> list[Metric]:
    return [
        Metric(name, value, begun_ms + round(report.elapsed_s * 1000), report.step)
        for report in reports
        for name, value in report.measured.items()
    ]


def _now_ms() -> int:
    return int(time.time() * 1000)
