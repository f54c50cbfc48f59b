"""Following a stage's progress file while it is being written."""

from __future__ import annotations

from pathlib import Path

import pytest

from expertkit.progress import progress
from tasks.display import describe, row
from tasks.progress import Report, Tail


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_each_report_is_read_once() -> None:
    """What a stage writes with expertkit.progress arrives whole, in order and once."""
    tail = Tail(stage="train@a")

    with progress("train@a", total=3, unit="steps") as writer:
        writer.report(1, loss=2.0)
        first = tail.read()
        writer.report(2, loss=1.0)
        writer.report(3, loss=0.5)
        rest = tail.read()

    assert [report.measured for report in first] == [{"loss": 2.0}]
    assert [report.step for report in rest] == [2, 3]
    assert (tail.total, tail.unit) == (3, "steps")
    assert tail.read() == []


def test_a_note_is_no_report_and_is_kept_for_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    """What had to be done otherwise is printed by the stage, and once more by who follows it."""
    tail = Tail(stage="train@a")

    with progress("train@a", total=3) as writer, row("train@a") as shown:
        writer.report(1, loss=2.0)
        writer.say("out of memory: \x1b[2Jbegun anew")
        reports = tail.read()
        shown.show(reports, tail)

    assert [report.step for report in reports] == [1]
    assert tail.notes == []
    assert capsys.readouterr().err.count("out of memory: \\x1b[2Jbegun anew") == 2


def test_a_stage_that_nobody_hears_leaves_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Of several processes one is followed."""
    with progress("train@a", total=3, is_heard=False) as writer:
        writer.report(1, loss=2.0)
        writer.say("going on")

    assert not Tail(stage="train@a").path.exists()
    assert capsys.readouterr() == ("", "")


def test_a_line_that_is_being_written_waits() -> None:
    """Half a line is no report; it is read once it is whole."""
    tail = Tail(stage="train@a")
    tail.path.parent.mkdir(parents=True)
    with tail.path.open("a") as file:
        file.write('{"step": 1, "elapsed_s": 0.5, "lo')
        file.flush()
        early = tail.read()
        file.write('ss": 3.0}\n')

    assert early == []
    assert tail.read() == [Report(step=1, elapsed_s=0.5, measured={"loss": 3.0})]


def test_no_file_is_no_report() -> None:
    """A stage that reports nothing is followed all the same."""
    assert Tail(stage="sign@a").read() == []


def test_what_an_earlier_run_reported_is_forgotten() -> None:
    """A stage that starts anew does not begin with old figures."""
    with progress("train@a", total=1) as writer:
        writer.report(1)
    tail = Tail(stage="train@a")

    tail.forget()

    assert tail.read() == []


def test_a_report_tells_how_far_and_how_long() -> None:
    """Step, measurements and the time that is left, in words."""
    tail = Tail(stage="train@a", total=400, unit="steps")

    said = describe(Report(step=100, elapsed_s=30.0, measured={"loss": 0.31234}), tail)

    assert said == "100/400 steps  loss 0.3123  1:30 left"
