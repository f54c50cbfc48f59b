"""An adapter as its singular value decomposition, the form that is shipped."""

from __future__ import annotations

from prefect import State, task

from tasks.stage import POLICY, run_stage

LIMIT_S = 3600.0


@task(task_run_name="decompose@{expert}-{base}", **POLICY)
def decompose(expert: str, base: str) -> State[None]:
    """Decompose the adapter of ``expert`` for ``base``."""
    return run_stage(f"decompose@{expert}-{base}", limit_s=LIMIT_S)
