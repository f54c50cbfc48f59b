"""What a person sees of a stage, in a terminal and in a log."""

from __future__ import annotations

import time
from io import StringIO

import pytest
from rich.console import Console

from tasks import display
from tasks.progress import Report, Tail

REFRESH_S = 0.1
STAGE = "train@expert-sql-nano"


def _screen(monkeypatch: pytest.MonkeyPatch, *, terminal: bool) -> StringIO:
    text = StringIO()
    monkeypatch.setattr(display, "_console", Console(file=text, force_terminal=terminal, width=120, highlight=False))
    return text


def test_a_log_gets_one_line_per_event(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal: the start, a report now and then, the end."""
    text = _screen(monkeypatch, terminal=False)
    monkeypatch.setattr(display, "LINE_EVERY_S", 0.0)
    tail = Tail(stage=STAGE, total=400)

    with display.opened(), display.row(STAGE) as row:
        row.show([], tail)
        row.show([Report(step=200, elapsed_s=30.0, measured={"loss": 0.5})], tail)

    assert text.getvalue().splitlines() == [
        f"  {STAGE}  started",
        f"  {STAGE}  200/400 steps  loss 0.5  0:30 left",
        f"✓ {STAGE}  0:00",
    ]


def test_a_log_is_not_flooded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports between two lines are left out."""
    text = _screen(monkeypatch, terminal=False)

    with display.opened(), display.row(STAGE) as row:
        for step in range(100):
            row.show([Report(step=step, elapsed_s=1.0, measured={})], Tail(stage=STAGE))

    assert len(text.getvalue().splitlines()) == 2


def test_a_terminal_shows_the_running_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    """One live row with steps and figures, gone at the end; how it ended stays."""
    text = _screen(monkeypatch, terminal=True)

    with display.opened(), display.row(STAGE) as row:
        row.show([Report(step=3, elapsed_s=1.0, measured={"loss": 0.25})], Tail(stage=STAGE, total=9))
        time.sleep(3 * REFRESH_S)

    assert "3/9" in text.getvalue()
    assert "loss 0.25" in text.getvalue()
    assert text.getvalue().count(f"✓ {STAGE}") == 1
    assert "started" not in text.getvalue()


def test_a_failure_is_told_once_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name of the stage is not repeated, and brackets are no markup."""
    text = _screen(monkeypatch, terminal=False)

    with pytest.raises(ValueError, match="loss"), display.opened(), display.row(STAGE):
        raise ValueError(f"{STAGE}: the loss [nan] is no number")

    assert text.getvalue().splitlines()[-1] == f"✗ {STAGE}  0:00  the loss [nan] is no number"


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0:00"), (65, "1:05"), (3600, "60:00")])
def test_durations_are_minutes_and_seconds(seconds: float, text: str) -> None:
    """Hours are counted in minutes."""
    assert display.duration(seconds) == text
