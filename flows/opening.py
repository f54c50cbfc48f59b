"""What surrounds every flow: its claim on the workspace, its plan, its log and its screen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flows.dead_runs import mark_crashed
from flows.preparation import Plan, plan, prepare, stale
from tasks import display, dvc, session, tracking


@contextmanager
def opened(*, workers: int | None) -> Iterator[Plan]:
    """Own the workspace while a flow runs; whatever ends the flow early ends its stages too.

    Args:
        workers: stages that may run at the same time.

    Raises:
        ExpertError: the workspace is not fit for a flow, or another one is running in it.
    """
    with session.claimed(workers=session.count_workers(workers)) as record:
        if record.stale is None:
            prepare()
            session.update(stale=stale())
        mark_crashed()
        with tracking.opened(), display.opened(), dvc.stopped_at_exit():
            yield plan()
