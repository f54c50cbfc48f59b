"""What the flow costs beyond the commands it runs, and what its workers save."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from benchmarks.commands import must, say, type_all
from benchmarks.projects import copied
from benchmarks.rows import Lab, Row, at_most, reported
from expertkit.errors import ExpertError
from tests.pipeline.workspace import RELEASE, Workspace

BY_HAND, ONE, TWO = "typed by hand", "flow, one worker", "flow, two workers"

_WORKERS = {ONE: "1", TWO: "2"}
_LIMITS = {ONE: 1.15, TWO: 0.70}
_SHORT_STEPS = 150
"""Optimizer steps of a training. The cost of the flow does not grow with them: longer ones only help the ratio."""
_SERVER = """
import time
import flows
flows.WORK.mkdir(exist_ok=True)
from prefect.client.orchestration import get_client
begun = time.monotonic()
get_client(sync_client=True)
print(time.monotonic() - begun)
"""


def measure(lab: Lab) -> list[Row]:
    """The flow against the same commands typed by hand, with short trainings; with ``--full``, those of a release."""
    workspace = copied(lab.scratch / "overhead", is_nano=False)
    if not lab.is_full:
        _shorten(workspace)
    starts = [_start_server(workspace) for _ in range(2)]
    settings = "full" if lab.is_full else f"{_SHORT_STEPS} steps a training"
    seconds = {way: _time(workspace, way) for way in (BY_HAND, *_WORKERS)}
    return [*compare(seconds, settings=settings), *_server_rows(starts)]


def compare(seconds: Mapping[str, float], *, settings: str) -> list[Row]:
    """Ratios of one run each, and their seconds.

    Args:
        seconds: of each way.
        settings: what the project was run with, for people.
    """
    ratios = {way: seconds[way] / seconds[BY_HAND] for way in _LIMITS}
    return [
        *(at_most(f"{way} / {BY_HAND} ({settings})", ratios[way], limit=limit) for way, limit in _LIMITS.items()),
        *(reported(f"{way} ({settings})", f"{seconds[way]:.1f} s") for way in (BY_HAND, *_LIMITS)),
    ]


def _shorten(workspace: Workspace) -> None:
    """Let nothing be refused for having learnt too little, so that every stage does its work."""
    params = workspace.params()
    passing = {"min_accuracy": 0.0, "max_p": 1.0, "max_forgetting": 100.0}
    changed = {"train": {"max_steps": _SHORT_STEPS}, "evaluate": passing}
    defaults = {section: {**values, **changed.get(section, {})} for section, values in params["defaults"].items()}
    workspace.write_params({**params, "defaults": defaults, "overrides": {}})


def _time(workspace: Workspace, way: str) -> float:
    workspace.clean()
    say(way)
    if way == BY_HAND:
        return type_all(workspace)
    return must(workspace, *RELEASE, "--workers", _WORKERS[way])


def _start_server(workspace: Workspace) -> float:
    """Seconds until Prefect's temporary server answers, its library already imported."""
    say("Prefect's temporary server, started alone")
    done = workspace.run(sys.executable, "-c", _SERVER)
    if done.returncode:
        raise ExpertError(f"Prefect's temporary server: expected it to start, got {done.stderr.strip()[-200:]}")
    return float(done.stdout.split()[-1])


def _server_rows(starts: Sequence[float]) -> list[Row]:
    names = ("Prefect's server, first start in a project", "Prefect's server, any later start")
    return [reported(name, f"{seconds:.1f} s") for name, seconds in zip(names, starts, strict=True)]
