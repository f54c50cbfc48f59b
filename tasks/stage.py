"""Bringing one stage up to date, as every task does: in its turn, watched, recorded, tried again if that may help."""

from __future__ import annotations

from contextlib import closing
from typing import Any, TypedDict

from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.states import Completed
from prefect.tasks import Task

from tasks import display, dvc, lockfile, session, tracking
from tasks.progress import Tail


class Policy(TypedDict):
    """What Prefect is told about every stage; the time limit is the command's own, so waiting for a place is free."""

    cache_policy: Any
    persist_result: bool
    retries: int
    retry_delay_seconds: list[float]
    retry_condition_fn: Any


def may_help(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Whether to try again: after a lock, a time limit or a signal, never after an error of the stage itself."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, dvc.StageError) and error.is_transient


POLICY = Policy(
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[1.0, 10.0],
    retry_condition_fn=may_help,
)


def run_stage(stage: str, *, limit_s: float, force: bool = False) -> State[None]:
    """Bring ``stage`` up to date if it was stale when the flow began.

    Args:
        stage: its name in ``dvc.yaml``.
        limit_s: seconds its command may take.
        force: run its command even where DVC knows what it would write.

    Raises:
        StageError: it did not finish.
    """
    flow = session.required()
    if stage not in (flow.stale or ()):
        return Completed(name="Current", message="its outputs are up to date")
    with session.slot(flow.workers):
        _follow(stage, limit_s=limit_s, force=force)
    lockfile.keep()
    return Completed(message="its outputs were made anew")


def _follow(stage: str, *, limit_s: float, force: bool) -> None:
    tail = Tail(stage=stage)
    tail.forget()
    with (
        display.row(stage) as row,
        tracking.recorded(stage) as record,
        closing(dvc.repro(stage, limit_s=limit_s, force=force)) as running,
    ):
        for _ in running:
            reports = tail.read()
            row.show(reports, tail)
            record.add(reports)
        record.add(tail.read())
