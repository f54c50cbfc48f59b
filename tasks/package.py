"""An accepted expert packed, or its refusal on record."""

from __future__ import annotations

from prefect import State, task

from tasks.stage import POLICY, run_stage

LIMIT_S = 3600.0


@task(task_run_name="package@{expert}-{base}", **POLICY)
def package(expert: str, base: str) -> State[None]:
    """Package ``expert`` for ``base``."""
    return run_stage(f"package@{expert}-{base}", limit_s=LIMIT_S)
