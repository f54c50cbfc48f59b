"""One flow at a time, and what a dead one left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from threading import Event, Thread, Timer

import pytest

from expertkit.errors import ExpertError
from expertkit.files import write_json
from tasks import readers, session


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(session.MARK, raising=False)
    monkeypatch.delenv("EXPERTKIT_WORKERS", raising=False)


def test_a_claim_is_on_record_until_it_ends() -> None:
    """While it lasts, the record is there for this process and for those it starts; then it is gone."""
    with session.claimed(workers=3) as mine:
        found = session.current()
        marked = os.environ[session.MARK]

    assert found == mine
    assert mine.workers == 3
    assert marked == mine.flow
    assert session.current() is None
    assert not session.RECORD.exists()


@pytest.mark.parametrize("asked", ["0", "-1", "two", "", "1.5", 0])
def test_no_workers_are_refused(monkeypatch: pytest.MonkeyPatch, asked: object) -> None:
    """A flow without a place would wait for ever; the flag and the variable are read alike."""
    with pytest.raises(ExpertError, match="workers: expected a whole number, at least 1, got"):
        session.count_workers(asked)
    monkeypatch.setenv("EXPERTKIT_WORKERS", str(asked))
    with pytest.raises(ExpertError, match="workers"):
        session.count_workers()


def test_workers_are_what_is_asked_for_then_the_variable_then_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """The nearest word wins."""
    assert session.count_workers() == 2
    monkeypatch.setenv("EXPERTKIT_WORKERS", "3")
    assert (session.count_workers(), session.count_workers("1"), session.count_workers(4)) == (3, 1, 4)


def test_a_claim_within_a_claim_is_the_same() -> None:
    """A flow that was started by the command line finds the claim made."""
    with session.claimed(workers=2) as outer, session.claimed(workers=5) as inner:
        assert inner == outer


def test_another_process_is_refused() -> None:
    """A second flow is told which process is the first."""
    code = "from tasks import session\nwith session.claimed(workers=1): print('in', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], env=_environment(), stdin=-1, stdout=-1) as other:
        assert other.stdout is not None
        other.stdout.readline()

        with (
            pytest.raises(ExpertError, match=f"another flow is running here: process {other.pid}"),
            session.claimed(workers=1),
        ):
            pass
        other.communicate(b"\n")


def test_who_has_patience_gets_the_workspace_once_it_is_free() -> None:
    """A scheduled flow waits for the one that runs, and is never beside it."""
    code = "from tasks import session\nwith session.claimed(workers=1): print('in', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], env=_environment(), stdin=-1, stdout=-1) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(ExpertError, match="another flow"), session.claimed(workers=1, patience_s=0.3):
            pass
        leaving = Timer(0.5, other.communicate, [b"\n"])
        leaving.start()

        with session.claimed(workers=1, patience_s=30) as mine:
            alone = other.poll() is not None or session.current() == mine
        leaving.join()

    assert mine.pid == os.getpid()
    assert alone


def test_processes_of_a_dead_flow_are_ended() -> None:
    """Whatever carries its mark is killed before the next flow begins, and nothing else."""
    ours = subprocess.Popen(["sleep", "60"], env={**os.environ, session.MARK: "dead"})
    other = subprocess.Popen(["sleep", "60"], env={**os.environ, session.MARK: "another"})
    write_json(session.RECORD, {"flow": "dead", "tracking_run": "run 1"})

    with session.claimed(workers=1) as claimed:
        ended, lives = ours.wait(5), other.poll() is None
    other.kill()
    other.wait()

    assert ended == -9
    assert lives
    assert claimed.interrupted_run == "run 1"


def test_a_broken_list_of_readers_is_removed() -> None:
    """DVC refuses to start with a list that a killed DVC left half written."""
    write_json(session.RECORD, {"flow": "dead"})
    readers.LIST.parent.mkdir(parents=True)
    readers.LIST.write_text('{"write": {"/a": {"pi')

    with session.claimed(workers=1):
        assert not readers.LIST.exists()


def test_the_dead_are_taken_off_the_list_of_readers() -> None:
    """A dead process that nobody has waited for, and another program with its number, keep no file busy."""
    write_json(session.RECORD, {"flow": "dead"})
    with _process("pass", "dvc") as dead, _process("input()", "other") as other, _process("input()", "dvc") as alive:
        while Path(f"/proc/{dead.pid}/cmdline").read_bytes():
            time.sleep(0.01)
        pids = {"dead": dead.pid, "other": other.pid, "alive": alive.pid}
        entries = {name: {"pid": pid, "cmd": "dvc repro"} for name, pid in pids.items()}
        readers.LIST.parent.mkdir(parents=True)
        write_json(readers.LIST, {"write": entries, "read": {"/a": list(entries.values()), "/b": [entries["dead"]]}})

        with session.claimed(workers=1):
            left = json.loads(readers.LIST.read_text())

        for process in (other, alive):
            process.communicate(b"\n")
    assert left == {"write": {"alive": entries["alive"]}, "read": {"/a": [entries["alive"]]}}


def _process(code: str, word: str) -> subprocess.Popen[bytes]:
    """A process with that word on its command line."""
    return subprocess.Popen([sys.executable, "-c", code, word], stdin=subprocess.PIPE)


def test_facts_are_shared_through_the_record() -> None:
    """What one task finds out, the others know."""
    with session.claimed(workers=1):
        session.update(stale=["a"], tracking_run="run 2")

        assert session.required().stale == ["a"]
        assert session.required().tracking_run == "run 2"


def test_without_a_flow_there_are_no_facts() -> None:
    """A task that is run outside a flow says so."""
    with pytest.raises(ValueError, match="no flow"):
        session.required()


def test_places_are_given_one_by_one() -> None:
    """With one place, the second stage waits until the first has left, in whichever process that is."""
    taken = Event()

    def take() -> None:
        with session.slot(1):
            taken.set()

    code = "from tasks import session\nwith session.slot(1): print('in', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], env=_environment(), stdin=-1, stdout=-1) as other:
        assert other.stdout is not None
        other.stdout.readline()
        waiting = Thread(target=take)
        waiting.start()
        early = taken.wait(0.5)
        other.communicate(b"\n")
        waiting.join(10)

    assert not early
    assert taken.is_set()


def test_who_waits_first_is_served_first() -> None:
    """Stages begin in the order of the flow, so that what takes longest can be put first."""
    served: list[int] = []

    def take(number: int) -> None:
        with session.slot(1):
            served.append(number)

    waiting = [Thread(target=take, args=(number,)) for number in range(5)]
    with session.slot(1):
        for count, thread in enumerate(waiting, start=1):
            thread.start()
            while len(session._waiting) < count:
                pass
    for thread in waiting:
        thread.join(10)

    assert served == [0, 1, 2, 3, 4]
    assert session._waiting == []


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
