"""All signed packages collected into dist/ with their index."""

from __future__ import annotations

from prefect import State, task

from tasks.stage import POLICY, run_stage

LIMIT_S = 3600.0


@task(task_run_name="release", **POLICY)
def release() -> State[None]:
    """Collect what was signed."""
    return run_stage("release", limit_s=LIMIT_S)
