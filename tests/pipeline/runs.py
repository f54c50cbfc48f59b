"""What MLflow and Prefect have on record about a workspace, asked of them."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

from mlflow import MlflowClient
from mlflow.entities import Run

from tasks.tracking import EXPERIMENT, STAGE
from tests.pipeline.workspace import Workspace


def stage_runs(workspace: Workspace) -> list[Run]:
    """MLflow's runs of stages, the newest first."""
    return [run for run in _runs(workspace) if STAGE in run.data.tags]


def flow_runs(workspace: Workspace) -> list[Run]:
    """MLflow's runs of whole flows, the newest first."""
    return [run for run in _runs(workspace) if STAGE not in run.data.tags]


def stages(runs: list[Run]) -> list[str]:
    """The stages of some runs, sorted."""
    return sorted(run.data.tags[STAGE] for run in runs)


def history(workspace: Workspace, run: Run, metric: str) -> list[tuple[int, float]]:
    """Steps and values of a metric."""
    return [(point.step, point.value) for point in _client(workspace).get_metric_history(run.info.run_id, metric)]


def artifacts(workspace: Workspace, run: Run) -> set[str]:
    """Names of the files that a run holds."""
    return {file.path for file in _client(workspace).list_artifacts(run.info.run_id)}


def task_edges(workspace: Workspace) -> set[tuple[str, str]]:
    """The edges that Prefect recorded of its newest flow run: a task and one that waited for it."""
    with closing(sqlite3.connect(workspace.root / ".work/prefect/prefect.db")) as database:
        newest = "(select id from flow_run order by start_time desc limit 1)"
        rows = database.execute(f"select id, name, task_inputs from task_run where flow_run_id = {newest}").fetchall()  # noqa: S608
    names = {identity: name for identity, name, _ in rows}
    return {
        (names[awaited["id"]], name) for _, name, inputs in rows for awaited in json.loads(inputs).get("wait_for", [])
    }


def prefect_states(workspace: Workspace) -> list[str]:
    """States of all flow runs that Prefect knows, the newest first."""
    with closing(sqlite3.connect(workspace.root / ".work/prefect/prefect.db")) as database:
        return [state for (state,) in database.execute("select state_type from flow_run order by start_time desc")]


def _runs(workspace: Workspace) -> list[Run]:
    client = _client(workspace)
    experiment = client.get_experiment_by_name(EXPERIMENT)
    return list(client.search_runs([experiment.experiment_id], max_results=1000)) if experiment else []


def _client(workspace: Workspace) -> MlflowClient:
    return MlflowClient(tracking_uri=f"sqlite:///{workspace.root / 'mlflow.db'}")
