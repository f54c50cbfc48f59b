"""What a run of the release line leaves behind: seen from files alone, so that looking leaves no trace itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

LOGS = ".work/logs"

_PLACES = {"a server or flow": ".work/prefect", "a stage": LOGS, "a tracked run": "mlflow.db"}
_RUNNING = re.compile(r"^Running stage '(.+)':$", re.MULTILINE)
"""DVC's words; a stage that it looks at and leaves alone has a log without them."""


def look(root: Path) -> dict[Path, int]:
    """When each trace below ``root`` was last written, in nanoseconds."""
    tops = [root / place for place in _PLACES.values()]
    files = [path for top in tops for path in ([top] if top.is_file() else top.rglob("*")) if path.is_file()]
    return {path: path.stat().st_mtime_ns for path in files}


def started(root: Path, *, before: Mapping[Path, int]) -> list[str]:
    """What has been started since ``before`` was looked at, in words."""
    new = _written(root, before=before)
    return [what for what, place in _PLACES.items() if any(path.is_relative_to(root / place) for path in new)]


def stages(root: Path, *, before: Mapping[Path, int]) -> set[str]:
    """The stages whose commands DVC has run since ``before`` was looked at."""
    logs = [path for path in _written(root, before=before) if path.is_relative_to(root / LOGS)]
    return {stage for log in logs for stage in _RUNNING.findall(log.read_text(errors="replace"))}


def _written(root: Path, *, before: Mapping[Path, int]) -> list[Path]:
    return [path for path, at in look(root).items() if before.get(path) != at]
