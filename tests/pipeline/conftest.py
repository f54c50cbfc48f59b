"""The nano project, released once for all tests that look at the result; tests that change something copy it."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from mlflow import MlflowClient

import flows  # noqa: F401  # sets the quiet switches before a test imports one of the tools
from tests.pipeline.runs import history, stage_runs
from tests.pipeline.workspace import Workspace, make_workspace

LONGEST_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """A workspace after its first release, and what was seen on the way."""

    workspace: Workspace
    status: int
    output: str
    live: list[tuple[int, float]]
    """Steps and losses that MLflow gave of a training that was still running."""


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Released:
    """The nano project after ``make run``."""
    folder = tmp_path_factory.mktemp("released")
    workspace = make_workspace(folder)
    flow = workspace.start(output=folder / "output")
    live = _watch_training(workspace, flow)
    status = flow.wait(LONGEST_S)
    return Released(workspace=workspace, status=status, output=(folder / "output").read_text(), live=live)


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow store with nothing in it, made once because that takes seconds."""
    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    MlflowClient(tracking_uri=f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def workspace(released: Released, tmp_path: Path) -> Workspace:
    """A copy of the released project, to be changed."""
    return released.workspace.copy(tmp_path / "project")


def _watch_training(workspace: Workspace, flow: subprocess.Popen[bytes]) -> list[tuple[int, float]]:
    """The first losses that MLflow shows of a training while its run is open and its adapter not yet written."""
    while flow.poll() is None:
        time.sleep(0.2)
        if any(workspace.root.glob(".work/progress/train@*.jsonl")):  # by then the flow has made the store
            for run in stage_runs(workspace):
                seen = history(workspace, run, "loss")
                if seen and run.info.status == "RUNNING":
                    return seen
    return []
