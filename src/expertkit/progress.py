"""Long work, told as it happens: lines in a file for whoever follows, one display for who waits.

The file is ``.work/progress/<stage>.jsonl``; its first line says ``{"stage", "unit", "total"}``,
every other ``{"step", "elapsed_s", ...measurements}`` or ``{"note"}``. It starts anew with each run of the stage.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from expertkit import layout
from expertkit.errors import printable

if TYPE_CHECKING:
    from rich.progress import Progress as Display
    from rich.progress import TaskID


@dataclass(slots=True, kw_only=True)
class Progress:
    """An open progress file with its display; report to it after each step."""

    file: IO[str]
    display: Display
    bar: TaskID
    started: float = field(default_factory=time.monotonic)
    done: int = 0
    """Steps reported so far."""

    def report(self, step: int, **measured: float) -> None:
        """Record that ``step`` steps are done, with what was measured at it."""
        self.done = step
        line = {"step": step, "elapsed_s": round(time.monotonic() - self.started, 2), **measured}
        self.file.write(json.dumps(line) + "\n")
        self.file.flush()
        shown = "  ".join(f"{name} {value:.4g}" for name, value in measured.items())
        self.display.update(self.bar, completed=step, measured=shown)

    def say(self, note: str) -> None:
        """Record something that a person should know, and print it above the display."""
        shown = printable(note)
        self.file.write(json.dumps({"note": shown}) + "\n")
        self.file.flush()
        self.display.console.print(shown, markup=False, highlight=False, soft_wrap=True)

    def advance(self, steps: int) -> None:
        """Record that so many more steps are done."""
        self.report(self.done + steps)


@contextmanager
def progress(
    stage: str, *, total: int, unit: str = "steps", folder: Path = layout.PROGRESS, is_heard: bool = True
) -> Iterator[Progress]:
    """Follow a stage of ``total`` units from its start to its end.

    Args:
        stage: its name, as ``dvc.yaml`` has it.
        total: how many units it has.
        unit: what they are called.
        folder: where its file goes.
        is_heard: whether anybody is told; of several processes one is followed.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    columns = ("[bold]{task.description}", BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[measured]}"))
    times = (TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stage}.jsonl" if is_heard else Path(os.devnull)
    with (
        path.open("w", encoding="utf-8") as file,
        RichProgress(*columns, *times, console=Console(stderr=True, quiet=not is_heard)) as display,
    ):
        file.write(json.dumps({"stage": stage, "unit": unit, "total": total}) + "\n")
        file.flush()
        yield Progress(file=file, display=display, bar=display.add_task(stage, total=total, measured=""))
