"""What a stage reports while it runs, read from the file that it writes (``expertkit.progress``)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from expertkit import layout


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was measured at one step."""

    step: int
    elapsed_s: float
    """Seconds since the stage began to count."""
    measured: dict[str, float]


@dataclass(slots=True, kw_only=True)
class Tail:
    """A stage's progress file, as far as it has been read."""

    stage: str
    total: int | None = None
    """Steps of the whole stage, once it has said so."""
    unit: str = "steps"
    notes: list[str] = field(default_factory=list)
    """What the stage wants a person to know, that nobody has been told yet."""
    read_bytes: int = 0

    @property
    def path(self) -> Path:
        """The file, which the stage begins anew each time."""
        return layout.PROGRESS / f"{self.stage}.jsonl"

    def forget(self) -> None:
        """Remove what an earlier run of the stage reported."""
        self.path.unlink(missing_ok=True)

    def read(self) -> list[Report]:
        """Every report since the last call; a line that is still being written waits for the next one."""
        try:
            with self.path.open("rb") as file:
                file.seek(self.read_bytes)
                whole = file.read().rpartition(b"\n")[0]
        except FileNotFoundError:
            return []
        self.read_bytes += len(whole) + bool(whole)
        return [report for line in whole.splitlines() if (report := self._take(json.loads(line)))]

    def _take(self, line: dict[str, Any]) -> Report | None:
        if "total" in line:
            self.total, self.unit = int(line["total"]), str(line["unit"])
        if "note" in line:
            self.notes.append(str(line["note"]))
        if "step" not in line:
            return None
        step, elapsed_s = int(line.pop("step")), line.pop("elapsed_s")
        return Report(step=step, elapsed_s=elapsed_s, measured=line)
