"""What is asked of DVC: which stages are stale, how they depend on each other, and to bring one up to date.

DVC is run as a program. Its lock and its files are then released when it dies, and several may run at
once: the lock is waited for, and free while a stage's own command runs.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from signal import SIGKILL, SIGTERM
from threading import Event
from typing import IO

from expertkit.errors import ExpertError

LOGS = Path(".work/logs")
TICK_S = 0.5
GRACE_S = 5.0

_stopping = Event()
_COMMAND = (sys.executable, "-m", "dvc", "--wait-for-lock")
_EDGE = re.compile(r'^"(.+)" -> "(.+)";$', re.MULTILINE)
_EXITED = re.compile(r"exited with (-?\d+)")
_OWN_WORDS = re.compile(r"^Error: (.+?)(?=^ERROR: |\Z)", re.MULTILINE | re.DOTALL)
_DVC_WORDS = re.compile(r"^ERROR: (.+?)(?=^ERROR: |^$|\Z)", re.MULTILINE | re.DOTALL)
_BUSY = re.compile(r"Unable to acquire lock|is busy, it is being blocked by")


class StageError(ExpertError):
    """A stage did not finish."""

    def __init__(self, message: str, *, hint: str | None = None, is_transient: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.is_transient = is_transient
        """Whether trying again may help: a lock, a time limit or a signal stopped it, not its own error."""


def stale(*, also: Collection[str] = ()) -> frozenset[str]:
    """Stages whose outputs are not current, and everything that is made from those outputs.

    Args:
        also: stages that are not current for a reason that DVC does not know.
    """
    found = changed() | set(also)
    users = edges() if found else {}
    waiting = list(found)
    while waiting:
        more = users.get(waiting.pop(), set()) - found
        found |= more
        waiting.extend(more)
    return frozenset(found)


def changed() -> set[str]:
    """Stages whose files or settings differ from what ``dvc.lock`` recorded.

    That one always runs is no difference; and files that DVC keeps by themselves, in ``*.dvc``, are no stage.
    """
    status = json.loads(_ask("status", "--json"))
    return {
        name for name, reasons in status.items() if not name.endswith(".dvc") and reasons != ["always changed"]
    }  # fmt: skip


def edges() -> dict[str, set[str]]:
    """The stages that read each stage's outputs."""
    users: dict[str, set[str]] = {}
    for maker, user in _EDGE.findall(_ask("dag", "--dot")):
        users.setdefault(maker, set()).add(user)
    return users


def repro(stage: str, *, limit_s: float, force: bool = False) -> Generator[None]:
    """Bring one stage up to date, yielding every half second while its command runs; fails like ``follow``.

    Args:
        stage: its name in ``dvc.yaml``.
        limit_s: seconds its command may take.
        force: run the command even where DVC knows what it would write.
    """
    options = ("--single-item", *(["--force"] if force else []))
    return follow(stage, [*_COMMAND, "repro", *options, stage], limit_s=limit_s)


def follow(stage: str, command: Sequence[str], *, limit_s: float, answer: Path | None = None) -> Generator[None]:
    """Run a command, yielding every half second while it runs.

    Its output goes to ``.work/logs/<stage>.log``. Whoever stops iterating kills the command.

    Args:
        stage: what is done, for messages and the log's name.
        command: its words.
        limit_s: seconds it may take.
        answer: a file for what it prints on stdout, where that is not part of the log.

    Raises:
        StageError: the command failed, took longer than ``limit_s`` seconds or was stopped.
    """
    log = LOGS / f"{stage}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + limit_s
    for path in {log, answer or log}:
        path.write_bytes(b"")
    with log.open("ab") as output, (answer or log).open("ab") as said, _running(command, said, output) as process:
        while not _has_ended(process):
            _check(stage, log=log, is_late=time.monotonic() > deadline)
            yield
    _check(stage, log=log, is_late=False)
    if process.returncode:
        raise _failure(stage, process.returncode, log=log)


@contextmanager
def stopped_at_exit() -> Iterator[None]:
    """End every stage that still runs when the block ends, and let no more begin."""
    _stopping.clear()
    try:
        yield
    finally:
        stop()


def stop() -> None:
    """Let no stage of this process succeed or begin any more."""
    _stopping.set()


def environment() -> dict[str, str]:
    """The environment of a command: that of this process, with this Python's programs found first."""
    programs = str(Path(sys.executable).parent)
    return {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}


def _ask(*arguments: str) -> str:
    answer = subprocess.run([*_COMMAND, *arguments], capture_output=True, text=True, check=False, env=environment())
    if answer.returncode:
        raise ExpertError(f"dvc {arguments[0]} failed: {_complaint(answer.stderr) or answer.stderr.strip()}")
    return answer.stdout


@contextmanager
def _running(command: Sequence[str], output: IO[bytes], errors: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """A process group of its own, so that whatever the command started ends with it."""
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, start_new_session=True, env=environment()
    )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, SIGTERM)
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, SIGKILL)


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    with suppress(subprocess.TimeoutExpired):
        process.wait(TICK_S)
    return process.returncode is not None


def _check(stage: str, *, log: Path, is_late: bool) -> None:
    if _stopping.is_set():
        raise StageError(f"{stage}: stopped", hint=f"see {log}", is_transient=False)
    if is_late:
        raise StageError(f"{stage}: took longer than its time limit", hint=f"see {log}", is_transient=True)


def _failure(stage: str, status: int, *, log: Path) -> StageError:
    """The command's own last error, with its exit status rather than DVC's."""
    text = log.read_text(errors="replace")
    exited = _EXITED.findall(text)
    code = int(exited[-1]) if exited else status
    is_transient = code < 0 or code > 128 or bool(_BUSY.search(text))  # 128 + n is signal n
    reason = _complaint(text) or f"exit status {code}"
    return StageError(f"{stage}: {reason}", hint=f"see {log}", is_transient=is_transient)


def _complaint(text: str) -> str:
    """What the command said went wrong; only if it said nothing, what DVC says."""
    own = _OWN_WORDS.findall(text)
    return own[-1].strip() if own else "; ".join(words.strip() for words in _DVC_WORDS.findall(text))
