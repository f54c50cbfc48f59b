"""A package signed, or its refusal passed on."""

from __future__ import annotations

from prefect import State, task

from tasks.stage import POLICY, run_stage

LIMIT_S = 15 * 60.0


@task(task_run_name="sign@{expert}-{base}", **POLICY)
def sign(expert: str, base: str) -> State[None]:
    """Sign the package of ``expert`` for ``base``, always by the command: what DVC remembers may have expired."""
    return run_stage(f"sign@{expert}-{base}", limit_s=LIMIT_S, force=True)
