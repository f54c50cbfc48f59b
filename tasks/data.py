"""An expert's data, which all its bases share."""

from __future__ import annotations

from prefect import State, task

from tasks.stage import POLICY, run_stage

LIMIT_S = 3600.0


@task(task_run_name="data@{expert}", **POLICY)
def data(expert: str) -> State[None]:
    """Build the data of ``expert``."""
    return run_stage(f"data@{expert}", limit_s=LIMIT_S)
