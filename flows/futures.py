"""Tasks that were started, as the stories use them: start one after others, and say how all of them ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prefect import State, Task
from prefect.futures import PrefectFuture, wait
from prefect.states import Completed, Failed

from expertkit.errors import ExpertError


def start(task: Task[..., Any], *about: object, after: Sequence[PrefectFuture[Any]] = ()) -> PrefectFuture[Any]:
    """Start a task, such as one for an expert and a base, once those that it reads from have completed."""
    return task.submit(*about, wait_for=list(after), return_state=False)


def verdict(futures: Sequence[PrefectFuture[Any]]) -> State[Any]:
    """Wait for every task; completed if all are, failed with what those said that failed themselves."""
    wait(list(futures))
    states = [future.state for future in futures]
    if all(state.is_completed() for state in states):
        return Completed(message="everything is current")
    errors = [state.result(raise_on_failure=False) for state in states if state.is_failed() or state.is_crashed()]
    return Failed(message="\n".join(map(_reason, errors)))


def _reason(error: object) -> str:
    return f"{error} ({error.hint})" if isinstance(error, ExpertError) else str(error)
