"""params.yaml resolved into one recipe per expert and base; what is stale after it is exact."""

from __future__ import annotations

from prefect import State, task

from tasks import dvc, session
from tasks.stage import POLICY, run_stage

LIMIT_S = 15 * 60.0


@task(task_run_name="recipes", **POLICY)
def recipes() -> State[None]:
    """Write the recipes, then ask DVC again: before, everything was downstream of them."""
    was_stale = "recipes" in (session.required().stale or ())
    state = run_stage("recipes", limit_s=LIMIT_S)
    if was_stale:
        session.update(stale=sorted(dvc.stale()))
    return state
