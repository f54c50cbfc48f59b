"""The MLflow store itself: where it is, how it is opened, how it fails, how figures and settings are put into it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from socket import gethostname

from mlflow import MlflowClient
from mlflow.entities import Metric, Param
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from tasks import display, session

PARENT = "mlflow.parentRunId"
"""The tag by which MLflow shows a run below another one."""
FLOW, WORKSPACE = "expertkit.flow", "expertkit.workspace"
"""Tags of a run: the flow that made it, and the computer and folder where that ran, as a store may serve several."""
FAULTS = (MlflowException, SQLAlchemyError, OSError)
"""How a tracker fails: by its own errors, its database's, the disk's or the network's."""

_METRICS_PER_BATCH = 1000
_PARAMS_PER_BATCH = 100
_LONGEST_PARAM = 6000


@contextmanager
def tolerated(what: str) -> Iterator[None]:
    """Say that MLflow does not know about ``what``, and go on."""
    try:
        yield
    except FAULTS as error:
        display.say(f"warning: {what} is missing in MLflow: {str(error).splitlines()[0]}")


def uri() -> str:
    """Where runs are logged: what ``MLFLOW_TRACKING_URI`` says, or a file of this project."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{Path('mlflow.db').resolve()}"


def client() -> MlflowClient:
    """A client of the store, which is made if it is not there."""
    return _client_of(uri())


@cache
def _client_of(place: str) -> MlflowClient:
    """Making the first one makes the store; one flow at a time runs here, so two never race to do that."""
    return MlflowClient(tracking_uri=place)


def experiment(name: str) -> str:
    """The id of the experiment of that name, which is made if it is not there."""
    found = client().get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    place = None if "MLFLOW_TRACKING_URI" in os.environ else Path("mlartifacts").resolve().as_uri()
    return str(client().create_experiment(name, artifact_location=place))


def begin(run_name: str, tags: Mapping[str, str], *, within: str, begun_ms: int | None = None) -> str:
    """The id of a new run of this flow within an experiment."""
    own = {FLOW: session.required().flow, WORKSPACE: _workspace()}
    made = client().create_run(experiment(within), start_time=begun_ms, run_name=run_name, tags={**tags, **own})
    return str(made.info.run_id)


def end_dead_runs(*, within: str) -> None:
    """Runs of this workspace that nobody will end: only one flow runs here, and it is this one."""
    for run in client().search_runs([experiment(within)], filter_string="attributes.status = 'RUNNING'"):
        tags = run.data.tags
        if tags.get(WORKSPACE) == _workspace() and tags.get(FLOW) != session.required().flow:
            client().set_terminated(run.info.run_id, status="KILLED")


def _workspace() -> str:
    return f"{gethostname()}:{Path.cwd()}"


def log_metrics(run: str, metrics: Sequence[Metric]) -> None:
    """Put measurements into a run, as many at a time as MLflow takes."""
    for start in range(0, len(metrics), _METRICS_PER_BATCH):
        client().log_batch(run, metrics=metrics[start : start + _METRICS_PER_BATCH])


def log_settings(run: str, settings: Mapping[str, str]) -> None:
    """Put settings into a run, as many at a time and as much of each as MLflow takes."""
    params = [Param(name, value[:_LONGEST_PARAM]) for name, value in settings.items()]
    for start in range(0, len(params), _PARAMS_PER_BATCH):
        client().log_batch(run, params=params[start : start + _PARAMS_PER_BATCH])
