"""The smallest adapter that is as good: searched and shipped by a release; and a grid, tried by a flow of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from copy import deepcopy
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from mlflow import MlflowClient
from mlflow.entities import Run

from expertkit import layout
from expertkit.files import read_json, sha256_file
from tasks.searches import EXPERIMENT, PAIR, TRIAL
from tests.pipeline.runs import stage_runs
from tests.pipeline.workspace import BASE, EXPERTS, Workspace

pytestmark = pytest.mark.line

SEARCH = (sys.executable, "-m", "flows.search", "--grid", "tiny")
WAYS = {
    "ranks": [4, 8], "codecs": ["f16", "rdq"], "scores": ["fro"], "kept": [0.2, 0.3, 0.5], "dropped": [0.1],
    "bits": [1.0, 2.0, 4.0], "points": 2, "items": 10, "tolerance": 1.0,
}  # fmt: skip
"""Fourteen ways, any of which is good enough."""
TRIALS = 14
NO_WAY = {**WAYS, "codecs": ["rdq"], "bits": [0.001]}
"""Sizes that no file has."""


@pytest.fixture
def gridded(workspace: Workspace) -> Workspace:
    """A released project with a grid of its own."""
    (workspace.root / layout.SEARCHES / "tiny.yaml").write_text(yaml.safe_dump(WAYS))
    return workspace


def test_a_release_ships_the_winner_or_the_whole_adapter(workspace: Workspace) -> None:
    """By way of the search, from the trained adapter to a package that answers as it was judged and is made again."""
    small, whole = (f"{expert}-{BASE}" for expert in ("expert-sql", "expert-json"))
    ways = {"expert-sql": {**WAYS, "enabled": True}, "expert-json": {**NO_WAY, "enabled": True}}
    workspace.override({expert: {"search": deepcopy(search)} for expert, search in ways.items()})

    done = workspace.release()

    found = {pair: read_json(workspace.root / layout.SEARCH / pair / layout.METRICS) for pair in (small, whole)}
    shipped = {pair: _shipped(workspace, pair) for pair in (small, whole)}
    judged = read_json(workspace.root / layout.EVALUATE / small / layout.METRICS)
    logged = next(run for run in stage_runs(workspace) if run.info.run_name == f"search@{small}")
    assert done.returncode == 0, done.stderr
    assert [path.name for path in shipped.values()] == ["adapter_model.osd", "adapter_model.safetensors"]
    assert found[small]["bytes"] == shipped[small].stat().st_size < found[small]["bytes_whole"] / 4
    assert sha256_file(shipped[small]) == sha256_file(workspace.root / layout.SEARCH / small / "adapter_model.osd")
    assert judged["adapter_digest"] == sha256_file(shipped[small])
    assert "no way to compress is possible" in found[whole]["why"]
    assert {row["verdict"] for row in workspace.index()} == {"accepted"}
    assert logged.data.metrics["bytes"] == found[small]["bytes"]
    assert workspace.release().stdout == done.stdout

    package = next(row["file"] for row in workspace.index() if row["expert"] == "expert-sql")
    again = json.loads(workspace.must("expert-cli", "reproduce", f"dist/{package}", "--json"))

    assert (again["identical"], again["members"]) == (True, [])


def test_a_search_that_was_killed_goes_on(gridded: Workspace, tmp_path: Path) -> None:
    """What was tried is not tried again, every trial is on record once, and nothing is left running."""
    _kill_after_a_trial(gridded, tmp_path / "output")
    kept = {path: path.stat().st_mtime_ns for path in (gridded.root / layout.TRIALS_DONE).glob("*.json")}

    done = gridded.run(*SEARCH)

    found = read_json(gridded.root / layout.SEARCHED / "tiny/found.json")
    runs = _runs(gridded)
    trials = Counter(run.data.tags[TRIAL] for run in runs if TRIAL in run.data.tags)
    assert done.returncode == 0, done.stderr
    assert kept
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert [(each["expert"], each["trials"]) for each in found] == [(expert, TRIALS) for expert in EXPERTS]
    assert all(f"{each['bytes']:,}" in done.stdout and each["expert"] in done.stdout for each in found)
    assert (len(trials), set(trials.values())) == (TRIALS * len(EXPERTS), {1})
    assert _attached(gridded, runs) == {"metrics.json", "pareto.png", "trials.csv", "winner.json"}
    assert {run.info.status for run in runs} <= {"FINISHED", "KILLED"}
    assert not _processes(gridded)


@pytest.mark.parametrize("runner", ["dask", "ray"])
def test_processes_do_the_trials(gridded: Workspace, runner: str) -> None:
    """Of the pair that was asked for, with the same result as without them; they end with the flow."""
    if find_spec(f"prefect_{runner}") is None:
        pytest.skip(f"expertkit[{runner}] is not installed")
    one = ("--expert", "expert-sql")
    typed = json.loads(gridded.must("expert-cli", "search", *one, "--base", BASE, "--grid", "tiny", "--json"))
    for path in (gridded.root / layout.TRIALS_DONE).glob("*[!s].json"):
        path.unlink()

    done = gridded.run(*SEARCH, *one, "--runner", runner)

    assert done.returncode == 0, done.stderr
    assert read_json(gridded.root / layout.SEARCHED / "tiny/found.json") == [typed]
    assert "trials@expert-sql-nano-2.log" in {path.name for path in (gridded.root / ".work/logs").iterdir()}
    assert not _processes(gridded)


def test_what_cannot_be_searched_is_told_before_anything_starts(gridded: Workspace) -> None:
    """All that is wrong with what was asked for at once; then who is not trained, and the command that helps."""
    odd = gridded.run(*SEARCH, "--expert", "expert-sqll", "--base", "nanu")
    gridded.clean()
    untrained = gridded.run(*SEARCH, "--expert", "expert-sql")

    assert odd.returncode == 11
    assert "--expert: expected one of expert-json, expert-sql, got 'expert-sqll', did you mean" in odd.stderr
    assert "--base: expected one of nano, got 'nanu'" in odd.stderr
    assert untrained.returncode == 12
    assert "expert-sql on nano: left out, as it is not trained" in untrained.stderr
    assert "Hint: make run" in untrained.stderr
    assert not (gridded.root / layout.SEARCHED).exists()


@pytest.mark.skipif(find_spec("prefect_ray") is not None, reason="expertkit[ray] is installed")
def test_a_runner_that_is_not_installed_is_named(gridded: Workspace) -> None:
    """With the command that installs it."""
    done = gridded.run(*SEARCH, "--runner", "ray")

    assert done.returncode == 3
    assert "runner ray: expected prefect_ray, got no such library" in done.stderr
    assert "Hint: pip install 'expertkit[ray]'" in done.stderr


def _shipped(workspace: Workspace, pair: str) -> Path:
    """The one file that carries the adapter of a pair."""
    expert = pair.removesuffix(f"-{BASE}")
    (path,) = (workspace.root / layout.weights(expert, BASE)).glob("adapter_model.*")
    return path


def _kill_after_a_trial(workspace: Workspace, output: Path) -> None:
    """Start a search and kill it as soon as it has done something, without what it started."""
    with output.open("wb") as file:
        flow = subprocess.Popen(SEARCH, cwd=workspace.root, env=workspace.environment, stdout=file, stderr=file)
    while not list((workspace.root / layout.TRIALS_DONE).glob("*.json")):
        assert flow.poll() is None, output.read_text()
        time.sleep(0.01)
    flow.kill()
    flow.wait()


def _processes(workspace: Workspace) -> list[str]:
    """Command lines of processes that run in the workspace, once those that are ending have ended."""
    for _ in range(50):
        found = workspace.processes()
        if not found:
            return []
        time.sleep(0.1)
    return found


def _runs(workspace: Workspace) -> list[Run]:
    experiment = _client(workspace).get_experiment_by_name(EXPERIMENT)
    assert experiment is not None
    return list(_client(workspace).search_runs([experiment.experiment_id], max_results=1000))


def _attached(workspace: Workspace, runs: list[Run]) -> set[str]:
    """What the runs of pairs hold."""
    pairs = [run for run in runs if PAIR in run.data.tags and TRIAL not in run.data.tags and run.data.metrics]
    assert len(pairs) == len(EXPERTS)
    return {file.path for run in pairs for file in _client(workspace).list_artifacts(run.info.run_id)}


def _client(workspace: Workspace) -> Any:
    return MlflowClient(tracking_uri=f"sqlite:///{workspace.root / 'mlflow.db'}")
