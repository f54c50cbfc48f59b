"""A signed package asked again what was recorded of it, or its refusal passed on."""

from __future__ import annotations

from prefect import State, task

from tasks.stage import POLICY, run_stage

LIMIT_S = 3600.0


@task(task_run_name="replay@{expert}-{base}", **POLICY)
def replay(expert: str, base: str) -> State[None]:
    """Ask the package of ``expert`` for ``base``; another answer than the recorded one is an error."""
    return run_stage(f"replay@{expert}-{base}", limit_s=LIMIT_S)
