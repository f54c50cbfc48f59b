"""What the flow costs beyond the commands it runs, and what its workers save."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from statistics import median

from benchmarks.commands import must, say, type_all
from benchmarks.projects import copied
from benchmarks.rows import Lab, Row, at_most, reported
from expertkit.errors import ExpertError
from tests.pipeline.workspace import RELEASE, Workspace

BY_HAND, ONE, TWO = "typed by hand", "flow, one worker", "flow, two workers"

_WORKERS = {ONE: "1", TWO: "2"}
_LIMITS = {ONE: 1.15, TWO: 0.70}
_ROUNDS, _FULL_ROUNDS = 3, 1
_SERVER = """
import time
import flows
from prefect.client.orchestration import get_client
begun = time.monotonic()
get_client(sync_client=True)
print(time.monotonic() - begun)
"""


def measure(lab: Lab) -> list[Row]:
    """The flow against the same commands typed by hand, in turn; ``--full`` uses the project's own settings."""
    workspace = copied(lab.scratch, is_nano=not lab.is_full)
    starts = [_start_server(workspace) for _ in range(2)]
    turns = range(_FULL_ROUNDS if lab.is_full else _ROUNDS)
    rounds = [_round(workspace, turn) for turn in turns]
    return [*compare(rounds, settings="full" if lab.is_full else "nano"), *_server_rows(starts)]


def compare(rounds: Sequence[dict[str, float]], *, settings: str) -> list[Row]:
    """Median ratios within a round, and median seconds.

    Args:
        rounds: seconds of each way in each round.
        settings: what the project was run with, for people.
    """
    ratios = {way: median(each[way] / each[BY_HAND] for each in rounds) for way in _LIMITS}
    seconds = {way: median(each[way] for each in rounds) for way in (BY_HAND, *_LIMITS)}
    return [
        *(at_most(f"{way} / {BY_HAND} ({settings})", ratios[way], limit=limit) for way, limit in _LIMITS.items()),
        *(reported(f"{way} ({settings})", f"{value:.1f} s") for way, value in seconds.items()),
    ]


def _round(workspace: Workspace, turn: int) -> dict[str, float]:
    """Seconds of each way; each round begins with another one, so that none is always last."""
    ways = [BY_HAND, *_WORKERS]
    first = turn % len(ways)
    return {way: _time(workspace, way) for way in (*ways[first:], *ways[:first])}


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
