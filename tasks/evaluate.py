"""Base against expert on the same items; the verdict is data, so a refused expert is no failure."""

from __future__ import annotations

from prefect import State, task

from tasks.stage import POLICY, run_stage

LIMIT_S = 12 * 3600.0


@task(task_run_name="evaluate@{expert}-{base}", **POLICY)
def evaluate(expert: str, base: str) -> State[None]:
    """Evaluate ``expert`` against its ``base``."""
    return run_stage(f"evaluate@{expert}-{base}", limit_s=LIMIT_S)
