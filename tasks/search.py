"""How small an adapter may be and still be as good; what is found is data that `decompose` reads."""

from __future__ import annotations

from prefect import State, task

from tasks.stage import POLICY, run_stage

LIMIT_S = 12 * 3600.0


@task(task_run_name="search@{expert}-{base}", **POLICY)
def search(expert: str, base: str) -> State[None]:
    """Search the smallest adapter of ``expert`` for ``base``."""
    return run_stage(f"search@{expert}-{base}", limit_s=LIMIT_S)
