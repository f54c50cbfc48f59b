"""An adapter, trained: the long one, which resumes from its last checkpoint."""

from __future__ import annotations

from prefect import State, task

from tasks.stage import POLICY, run_stage

LIMIT_S = 24 * 3600.0


@task(task_run_name="train@{expert}-{base}", **POLICY)
def train(expert: str, base: str) -> State[None]:
    """Train ``expert`` for ``base``."""
    return run_stage(f"train@{expert}-{base}", limit_s=LIMIT_S)
