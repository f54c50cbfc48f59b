"""Asking DVC, on a project of three small stages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from expertkit.errors import ExpertError
from tasks import dvc

LONG_S = 60.0


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stages a, b and c in a row, and d, which reads nothing of them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "site"))
    monkeypatch.setattr(dvc, "_stopping", type(dvc._stopping)())
    Path(".dvc").mkdir()
    Path(".dvc/config").write_text("[core]\n    no_scm = true\n    analytics = false\n")
    Path("seed").write_text("1")
    stages = {
        "a": {"cmd": "cp seed a", "deps": ["seed"], "outs": ["a"]},
        "b": {"cmd": "sh b.sh", "deps": ["a", "b.sh"], "outs": ["b"]},
        "c": {"cmd": "cp b c", "deps": ["b"], "outs": ["c"]},
        "d": {"cmd": "echo d > d", "outs": ["d"]},
    }
    Path("dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    Path("b.sh").write_text("cp a b\n")


def _run(stage: str, *, limit_s: float = LONG_S) -> None:
    for _ in dvc.repro(stage, limit_s=limit_s):
        pass


def test_stale_is_what_changed_and_what_is_made_from_it() -> None:
    """A changed seed makes its readers stale, near and far, and nothing else."""
    for stage in "abcd":
        _run(stage)
    before = dvc.stale()

    Path("seed").write_text("2")

    assert before == frozenset()
    assert dvc.changed() == {"a"}
    assert dvc.stale() == {"a", "b", "c"}


def test_files_that_dvc_only_keeps_are_never_stale(tmp_path: Path) -> None:
    """A folder of packages grows, and no stage has to run for it."""
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/first").write_text("1")
    added = subprocess.run([sys.executable, "-m", "dvc", "add", "--quiet", "kept"], check=False)
    for stage in "abcd":
        _run(stage)

    (tmp_path / "kept/second").write_text("2")

    assert added.returncode == 0
    assert dvc.stale() == frozenset()


def test_what_dvc_cannot_know_is_stale_with_what_is_made_from_it() -> None:
    """A signature that has expired, for one; and then a command runs although DVC remembers its outputs."""
    for stage in "abcd":
        _run(stage)
    Path("b").write_text("expired")

    assert dvc.stale(also=["b"]) == {"b", "c"}
    for _ in dvc.repro("b", limit_s=LONG_S, force=True):
        pass
    assert "Running stage 'b'" in Path(".work/logs/b.log").read_text()


def test_a_failure_is_told_in_the_words_of_the_command() -> None:
    """Not DVC's, which only knows that there was one; and the log is named."""
    _run("a")
    Path("b.sh").write_text("echo 'Error: the loss is no number' >&2\necho 'Hint: lower it' >&2\nexit 10\n")

    with pytest.raises(dvc.StageError, match=r"^b: the loss is no number\nHint: lower it$") as caught:
        _run("b")

    assert not caught.value.is_transient
    assert caught.value.hint == "see .work/logs/b.log"


def test_who_keeps_a_file_busy_is_named() -> None:
    """Another command is writing what we ask about."""
    Path(".dvc/tmp").mkdir()
    writer = {"pid": os.getpid(), "cmd": "dvc import"}
    Path(".dvc/tmp/rwlock").write_text(json.dumps({"write": {str(Path("a").resolve()): writer}}))

    with pytest.raises(ExpertError, match=rf"busy.*\n.*{os.getpid()}.*dvc import"):
        dvc.changed()


def test_without_words_of_the_command_dvc_is_quoted() -> None:
    """A command that dies silently is named with its status."""
    _run("a")
    Path("b.sh").write_text("exit 10\n")

    with pytest.raises(dvc.StageError, match="exited with 10"):
        _run("b")


def test_a_signal_may_be_tried_again() -> None:
    """A command that was killed did not fail by itself."""
    _run("a")
    Path("b.sh").write_text("kill -9 $$\n")

    with pytest.raises(dvc.StageError) as caught:
        _run("b")

    assert caught.value.is_transient


def test_a_time_limit_ends_the_whole_group() -> None:
    """The command's own children are killed too, and it may be tried again."""
    _run("a")
    Path("b.sh").write_text("sleep 3 && touch survived &\nwait\n")

    with pytest.raises(dvc.StageError, match="time limit") as caught:
        _run("b", limit_s=1.5)

    time.sleep(3)
    assert caught.value.is_transient
    assert not Path("survived").exists()


def test_whoever_stops_watching_ends_the_stage() -> None:
    """An error in the watcher leaves no command behind."""
    _run("a")
    Path("b.sh").write_text("touch started; sleep 2; touch survived\n")

    with closing(dvc.repro("b", limit_s=LONG_S)) as running:
        while not Path("started").exists():
            next(running)

    time.sleep(2.5)
    assert not Path("survived").exists()


def test_after_the_flow_no_stage_begins() -> None:
    """The end of a flow is the end of its stages, and of trying again."""
    with dvc.stopped_at_exit():
        _run("a")

    with pytest.raises(dvc.StageError, match="stopped") as caught:
        _run("b")

    assert not caught.value.is_transient


def test_a_broken_dvc_yaml_is_one_error() -> None:
    """What DVC says about it is passed on."""
    Path("dvc.yaml").write_text("stages: [")

    with pytest.raises(ExpertError, match="dvc status failed"):
        dvc.stale()
