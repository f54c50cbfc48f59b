"""Where trials run: in threads of the flow, or in processes of Dask or Ray, which are imported only when chosen."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal, get_args

from expertkit.errors import DependencyError

if TYPE_CHECKING:
    from prefect.task_runners import TaskRunner

Runner = Literal["threads", "dask", "ray"]
RUNNERS: tuple[Runner, ...] = get_args(Runner)

_LIBRARIES = {"dask": "prefect_dask", "ray": "prefect_ray"}


def require(runner: Runner) -> None:
    """Return if a runner is there.

    Raises:
        DependencyError: its library is not installed.
    """
    library = _LIBRARIES.get(runner)
    if library and find_spec(library) is None:
        message = f"runner {runner}: expected {library}, got no such library"
        raise DependencyError(message, hint=f"pip install 'expertkit[{runner}]'")


@contextmanager
def opened(runner: Runner, *, workers: int) -> Iterator[TaskRunner[Any]]:
    """A runner for a flow within this one, whose processes find the Prefect server of this one.

    Args:
        runner: which.
        workers: tasks that run at the same time.

    Raises:
        DependencyError: its library is not installed.
    """
    require(runner)
    if runner == "threads":
        from prefect.task_runners import ThreadPoolTaskRunner

        yield ThreadPoolTaskRunner(max_workers=workers)
        return
    with _server_named():
        yield _dask(workers) if runner == "dask" else _ray(workers)


def _dask(workers: int) -> TaskRunner[Any]:
    from prefect_dask.task_runners import DaskTaskRunner

    processes = {"n_workers": workers, "threads_per_worker": 1, "processes": True}
    quiet = {"dashboard_address": None, "silence_logs": logging.CRITICAL}
    return DaskTaskRunner(cluster_kwargs={**processes, **quiet})


def _ray(workers: int) -> TaskRunner[Any]:
    """A cluster that ``RAY_ADDRESS`` names has its own number of processes."""
    from prefect_ray.task_runners import RayTaskRunner

    own = {} if "RAY_ADDRESS" in os.environ else {"num_cpus": workers, "include_dashboard": False}
    made: TaskRunner[Any] = RayTaskRunner(init_kwargs={**own, "log_to_driver": False, "logging_level": logging.ERROR})
    return made


@contextmanager
def _server_named() -> Iterator[None]:
    """Name the temporary server of this flow, as otherwise every process would start one of its own."""
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_API_URL, temporary_settings

    if "PREFECT_API_URL" in os.environ:
        yield
        return
    with get_client(sync_client=True) as client:
        address = str(client.api_url).rstrip("/")
    os.environ["PREFECT_API_URL"] = address
    try:
        with temporary_settings({PREFECT_API_URL: address}):
            yield
    finally:
        del os.environ["PREFECT_API_URL"]
