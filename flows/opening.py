"""What surrounds every flow: its claim on the workspace, its plan, its log and its screen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flows.dead_runs import mark_crashed
from flows.preparation import Plan, plan, prepare, stale
from tasks import display, dvc, registry, session, tracking

_PATIENCE_S = 24 * 3600.0
"""How long a flow that a schedule started waits for one that runs here; a person's command does not wait."""


@contextmanager
def opened(*, workers: int | None) -> Iterator[Plan]:
    """Own the workspace while a release runs; whatever ends the flow early ends its stages too.

    Args:
        workers: stages that may run at the same time.

    Raises:
        ExpertError: the workspace is not fit for a flow, or another one keeps running in it.
    """
    with owned(workers=workers) as record:
        recipes = prepare()
        if record.stale is None:
            session.update(stale=stale(recipes))
        with tracking.opened():
            yield plan(recipes)
        registry.mirror()


@contextmanager
def owned(*, workers: int | None) -> Iterator[session.Session]:
    """Be the one flow of the workspace, with its screen; commands that still run at the end are stopped.

    Args:
        workers: commands that may run at the same time.

    Raises:
        ExpertError: another flow keeps running here.
    """
    with session.claimed(workers=session.count_workers(workers), patience_s=_PATIENCE_S) as record:
        mark_crashed()
        with display.opened(), dvc.stopped_at_exit():
            yield record
