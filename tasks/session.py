"""One flow at a time in a workspace, and nothing left over from one that died.

The flow that runs is on record in ``.work/flow.json``. Every process it starts carries its id in the
environment, so that the next flow can end what a killed one left running. The record also holds what the
tasks of a flow share, wherever they run: how many stages may run at once, which are stale, where to log.
"""

from __future__ import annotations

import fcntl
import os
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from signal import SIGKILL
from typing import Any

from expertkit.errors import ExpertError, FormatError
from expertkit.files import read_json, write_json
from tasks import lockfile, readers

_WORKERS = "2"
"""How many stages run at the same time, unless something else is asked for."""
RECORD = Path(".work/flow.json")
MARK = "EXPERTKIT_FLOW"
"""The environment variable that every process of a flow carries."""

_GUARD = Path(".work/flow.lock")
_SLOTS = Path(".work/slots")
_POLL_S = 0.1
_waiting: list[object] = []
"""Who waits for a place in this process, the first one first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What is on record about the flow that runs."""

    flow: str
    """A random id, new for each flow."""
    pid: int
    workers: int
    """Stages that may run at the same time."""
    stale: Sequence[str] | None = None
    """Stages to bring up to date; None while nobody has asked DVC."""
    tracking_run: str | None = None
    """MLflow's parent run; None while there is none."""
    interrupted_run: str | None = None
    """MLflow's parent run of the flow that died here before this one; None if none did."""


@contextmanager
def claimed(*, workers: int, patience_s: float = 0.0) -> Iterator[Session]:
    """Be the one flow of this workspace; what a dead one left is cleared away first.

    Args:
        workers: stages that may run at the same time.
        patience_s: seconds to wait for a flow that is running here.

    Raises:
        ExpertError: another flow is running here, and still is after that time.
    """
    if (mine := current()) is not None:
        yield mine
        return
    with _claim(_GUARD, patience_s):
        interrupted = _clear_up()
        lockfile.keep()
        session = Session(flow=uuid.uuid4().hex, pid=os.getpid(), workers=workers, interrupted_run=interrupted)
        _save(session)
        os.environ[MARK] = session.flow
        try:
            yield session
        finally:
            RECORD.unlink(missing_ok=True)
            del os.environ[MARK]


def current() -> Session | None:
    """The record, if it is of this process or of the flow that started it."""
    record = _record()
    return Session(**record) if record and record["flow"] == os.environ.get(MARK) else None


def required() -> Session:
    """The record of the flow that runs.

    Raises:
        ValueError: none does.
    """
    session = current()
    if session is None:
        raise ValueError("no flow is running here")
    return session


def update(**facts: object) -> None:
    """Change the record of the flow that runs."""
    _save(replace(required(), **facts))  # type: ignore[arg-type]  # names are checked by replace


def count_workers(asked: object = None) -> int:
    """How many stages may run at the same time: what is asked for, or what ``EXPERTKIT_WORKERS`` says, or two.

    Raises:
        ExpertError: that is no number of stages.
    """
    said = os.environ.get("EXPERTKIT_WORKERS", _WORKERS) if asked is None else asked
    if not str(said).isdecimal() or int(str(said)) < 1:
        raise ExpertError(f"workers: expected a whole number, at least 1, got {said!r}")
    return int(str(said))


@contextmanager
def slot(workers: int) -> Iterator[None]:
    """One of ``workers`` places for a running stage, in whichever process the task runs; first come, first served."""
    ticket = object()
    _waiting.append(ticket)
    with ExitStack() as held:
        try:
            while _waiting[0] is not ticket or not _take_place(held, workers):
                time.sleep(_POLL_S)
        finally:
            _waiting.remove(ticket)
        yield


def _take_place(held: ExitStack, workers: int) -> bool:
    """Lock a free place until ``held`` ends, if there is one."""
    for number in range(workers):
        with ExitStack() as tried:
            if tried.enter_context(locked(_SLOTS / str(number))):
                held.push(tried.pop_all())
                return True
    return False


def end_processes() -> None:
    """Kill whatever the flow on record started: DVC, stage commands, its temporary Prefect server."""
    for pid in _started(_record()["flow"]):
        with suppress(ProcessLookupError):
            os.kill(pid, SIGKILL)


@contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Whether nobody else holds the lock on ``path``; it is ours for the block, or until this process dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@contextmanager
def _claim(path: Path, patience_s: float) -> Iterator[None]:
    """Hold the lock on ``path``, once whoever holds it lets go."""
    deadline = time.monotonic() + patience_s
    while True:
        with locked(path) as is_ours:
            if is_ours:
                yield
                return
        if time.monotonic() >= deadline:
            who = _record().get("pid", "unknown")
            raise ExpertError(f"another flow is running here: process {who}", hint="wait for it")
        time.sleep(_POLL_S)


def _record() -> dict[str, Any]:
    with suppress(FileNotFoundError, FormatError):
        return dict(read_json(RECORD))
    return {}


def _save(session: Session) -> None:
    write_json(RECORD, asdict(session))


def _clear_up() -> str | None:
    """Put right what a killed flow left, and give its run in MLflow."""
    record = _record()
    if not record:
        return None
    while any(_started(record["flow"])):
        end_processes()
        time.sleep(_POLL_S)
    readers.repair()
    lockfile.repair()
    run = record.get("tracking_run") or record.get("interrupted_run")
    return str(run) if run else None


def _started(flow: str) -> Iterator[int]:
    """The processes that carry the mark of a flow; others may come and go while we look."""
    mark = f"{MARK}={flow}".encode()
    for variables in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if mark in variables.read_bytes().split(b"\0"):
                yield int(variables.parent.name)
