"""A base model: DVC checks that it is there; only `make bases` builds it."""

from __future__ import annotations

from prefect import State, task

from tasks.stage import POLICY, run_stage

LIMIT_S = 15 * 60.0


@task(task_run_name="base@{base}", **POLICY)
def base(base: str) -> State[None]:
    """Check the base model ``base``."""
    return run_stage(f"base@{base}", limit_s=LIMIT_S)
