"""Several ways to compress one adapter, tried by the command, in whichever process a runner gives the task.

What comes of a trial is a file, so that whoever wants to know how far the trials are looks at the files.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

from prefect import task

from expertkit.search.lineup import Search
from tasks import display, dvc, session
from tasks.progress import Report, Tail
from tasks.searches import Record
from tasks.stage import POLICY

LIMIT_S = 12 * 3600.0
_LOOK_EVERY_S = 1.0
LARGEST = 16
"""Trials of a task: several share the reading of the adapter, and so many are soon done again after a kill."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Trials of one search; plain values, as they travel to other processes."""

    expert: str
    base: str
    grid: str
    """A file of configs/search/."""
    number: int
    """Which batch of the search it is, counted from 1."""
    keys: tuple[str, ...]
    folder: str
    """The project's root."""
    flow: str
    """Whose processes these are."""

    @property
    def name(self) -> str:
        """What it is called in logs and by Prefect."""
        return f"trials@{self.expert}-{self.base}-{self.number}"


def deal(keys: Sequence[str], *, workers: int) -> list[tuple[str, ...]]:
    """The keys of trials in batches that take about as long as each other, as what is alike is dealt out in turn.

    Args:
        keys: of a search, in the order of its grid.
        workers: batches that are done at the same time.
    """
    count = min(len(keys), max(workers, -(-len(keys) // LARGEST)))
    return [tuple(keys[start::count]) for start in range(count)]


@task(task_run_name="{batch.name}", **POLICY)
def trial(batch: Batch) -> None:
    """Do a batch."""
    _join(batch)
    named = [word for key in batch.keys for word in ("--trial", key)]
    pair = ["--expert", batch.expert, "--base", batch.base]
    command = ["expert-cli", "search", *pair, "--grid", batch.grid, *named]
    with session.slot(session.required().workers):
        deque(dvc.follow(batch.name, command, limit_s=LIMIT_S), maxlen=0)


def _join(batch: Batch) -> None:
    """Be a process of the flow, in its folder: a runner's processes may have been started by others."""
    if Path.cwd() != Path(batch.folder):
        os.chdir(batch.folder)
    os.environ[session.MARK] = batch.flow


@contextmanager
def watched(found: Sequence[Search], log: Record) -> Iterator[None]:
    """Show how many of the missing trials are done, and have each on record, until the block ends."""
    over, tail = Event(), Tail(stage="trials", total=sum(len(each.missing()) for each in found), unit="trials")
    with display.row(tail.stage) as row:
        watcher = Thread(target=_watch, args=(found, log, row, tail, over))
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()


def _watch(found: Sequence[Search], log: Record, row: display.Row, tail: Tail, over: Event) -> None:
    begun, is_over = time.monotonic(), False
    while not is_over:
        is_over = over.wait(_LOOK_EVERY_S)
        done = (tail.total or 0) - sum(len(each.missing()) for each in found)
        row.show([Report(step=done, elapsed_s=time.monotonic() - begun, measured={})], tail)
        for each in found:
            log.add_trials(each)
