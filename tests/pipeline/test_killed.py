"""A release killed at any moment: the next one takes over, and comes to the same packages."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from tasks.tracking import KEY
from tests.pipeline.conftest import Released
from tests.pipeline.runs import flow_runs, prefect_states, stage_runs
from tests.pipeline.workspace import Workspace

pytestmark = [pytest.mark.line, pytest.mark.slow]

KILLS = 20
LATEST_S = 20.0
"""Late enough to meet every stage: what was finished before a kill is kept, so the next flow gets further."""


def test_twenty_kills_change_nothing(released: Released, workspace: Workspace, tmp_path: Path) -> None:
    """``kill -9`` at random moments, of the flow alone or with its children, leaves nothing to clean by hand."""
    rng = random.Random(20)
    workspace.clean()
    for _ in range(KILLS):
        flow = workspace.start(output=tmp_path / "output")
        time.sleep(rng.uniform(0.0, LATEST_S))
        if flow.poll() is not None:
            workspace.clean()
        _kill(flow, with_children=rng.random() < 0.5)

    done = workspace.release()

    assert done.returncode == 0, done.stderr
    assert workspace.digests() == released.workspace.digests()
    assert not _leftovers(workspace)
    assert not workspace.processes()


def test_the_log_is_whole_after_a_kill(workspace: Workspace, tmp_path: Path) -> None:
    """Runs of the dead flow are ended in MLflow and Prefect, and each result is there once."""
    workspace.override({"expert-sql": {"train": {"learning_rate": 0.001}}})
    flow = workspace.start(output=tmp_path / "output")
    _wait_for(workspace.root / ".work/logs", flow, newer_than=time.time())
    _kill(flow, with_children=False)

    done = workspace.release()

    runs = [*stage_runs(workspace), *flow_runs(workspace)]
    keys = Counter(run.data.tags[KEY] for run in runs if KEY in run.data.tags)
    assert done.returncode == 0, done.stderr
    assert "RUNNING" not in {run.info.status for run in runs}
    assert set(keys.values()) == {1}
    assert prefect_states(workspace)[:2] == ["COMPLETED", "CRASHED"]


def test_only_one_flow_runs_in_a_folder(workspace: Workspace, tmp_path: Path) -> None:
    """The second is refused in one line, and the first is not disturbed."""
    workspace.override({"expert-sql": {"sign": {"valid_days": 30}}})
    flow = workspace.start(output=tmp_path / "output")
    while not (workspace.root / ".work/flow.json").exists():
        assert flow.poll() is None, (tmp_path / "output").read_text()
        time.sleep(0.05)

    second = workspace.release()

    assert second.returncode == 1
    assert f"another flow is running here: process {flow.pid}" in second.stderr
    assert flow.wait(120) == 0


def test_ctrl_c_ends_everything_at_once(workspace: Workspace, tmp_path: Path) -> None:
    """An interrupted release stops its stages and its server, says so, and exits with 130."""
    workspace.override({"expert-sql": {"train": {"learning_rate": 0.001}}})
    flow = workspace.start(output=tmp_path / "output")
    _wait_for(workspace.root / ".work/logs", flow, newer_than=time.time())

    os.killpg(flow.pid, signal.SIGINT)

    assert flow.wait(10) == 130
    assert "stopped; finished stages are kept" in (tmp_path / "output").read_text()
    assert "Traceback" not in (tmp_path / "output").read_text()
    time.sleep(1)
    assert not workspace.processes()


def _kill(flow: subprocess.Popen[bytes], *, with_children: bool) -> None:
    """Kill the flow, and where asked its process group: the temporary server with it."""
    if flow.poll() is None:
        os.killpg(flow.pid, signal.SIGKILL) if with_children else flow.kill()
    flow.wait()


def _wait_for(folder: Path, flow: subprocess.Popen[bytes], *, newer_than: float) -> None:
    """Until a stage has begun to write its log."""
    while not any(path.stat().st_mtime > newer_than for path in folder.iterdir()):
        assert flow.poll() is None
        time.sleep(0.1)


def _leftovers(workspace: Workspace) -> list[Path]:
    """Folders that were being written when their command died."""
    made = [path for top in ("build", "dist", "experts") for path in (workspace.root / top).rglob(".*")]
    return [path for path in made if ".new-" in path.name or ".old-" in path.name]
