"""What a person sees while stages run: one live display in a terminal, plain lines anywhere else.

Owns the screen, and nothing else: what it shows is what the stages report.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from tasks.progress import Report, Tail

LINE_EVERY_S = 15.0
"""How often a stage that runs says so where there is no terminal."""

_console = Console(stderr=True, highlight=False)
_live: ContextVar[Progress | None] = ContextVar("live display", default=None)
"""The display of the flow; the threads of its tasks inherit it."""


@dataclass(slots=True, kw_only=True)
class Row:
    """One running stage on the screen."""

    stage: str
    live: Progress | None
    bar: TaskID
    started: float = field(default_factory=time.monotonic)
    spoke: float = field(default_factory=time.monotonic)
    """When the last plain line was printed, on the clock of ``started``."""

    def show(self, reports: Sequence[Report], tail: Tail) -> None:
        """Bring the row up to date with what the stage has reported since; what a person should know stays above."""
        while tail.notes:
            say(f"  {self.stage}  {tail.notes.pop(0)}")
        if not reports:
            return
        last = reports[-1]
        if self.live:
            self.live.update(self.bar, completed=last.step, total=tail.total, measured=_figures(last))
        elif time.monotonic() - self.spoke >= LINE_EVERY_S:
            self.spoke = time.monotonic()
            say(f"  {self.stage}  {describe(last, tail)}")

    @property
    def elapsed(self) -> str:
        """Time since the stage was started, for people."""
        return duration(time.monotonic() - self.started)


@contextmanager
def opened() -> Iterator[None]:
    """The screen of a flow, for as long as it runs."""
    if not _console.is_terminal:
        yield
        return
    name, measured = TextColumn("{task.description}", style="bold"), TextColumn("{task.fields[measured]}")
    times = (TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
    with Progress(name, BarColumn(), MofNCompleteColumn(), measured, *times, console=_console, transient=True) as live:
        token = _live.set(live)
        try:
            yield
        finally:
            _live.reset(token)


@contextmanager
def row(stage: str) -> Iterator[Row]:
    """Show a stage from its start to its end, and how it ended."""
    live = _live.get()
    bar = live.add_task(stage, total=None, measured="") if live else TaskID(0)
    shown = Row(stage=stage, live=live, bar=bar)
    if not live:
        say(f"  {stage}  started")
    try:
        yield shown
    except BaseException as error:
        say(f"✗ {stage}  {shown.elapsed}  {str(error).removeprefix(f'{stage}: ')}")
        raise
    else:
        say(f"✓ {stage}  {shown.elapsed}")
    finally:
        if live:
            live.remove_task(bar)


def say(text: str) -> None:
    """Print a line for a person, above the live display if there is one."""
    _console.print(Text(text), soft_wrap=True)


def leave(text: str) -> None:
    """Give the terminal back in the middle of whatever is shown, with a last word."""
    _console.show_cursor()
    say(f"\n{text}")


def describe(report: Report, tail: Tail) -> str:
    """A report in words: ``120/400 steps  loss 0.31  0:52 left``."""
    place = f"{report.step}/{tail.total} {tail.unit}" if tail.total else f"{report.step} {tail.unit}"
    parts = [place, _figures(report)]
    if tail.total and report.step:
        parts.append(f"{duration(report.elapsed_s * (tail.total - report.step) / report.step)} left")
    return "  ".join(part for part in parts if part)


def duration(seconds: float) -> str:
    """Minutes and seconds: ``1:05``."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"


def _figures(report: Report) -> str:
    return "  ".join(f"{name} {value:.4g}" for name, value in report.measured.items())
