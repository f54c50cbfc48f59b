"""The night: everything that is released or about to be, asked questions that nobody has seen (docs/nightly.md).

Run by ``python -m flows.nightly``, or by Prefect as the deployment of prefect.yaml.
"""

from __future__ import annotations

if __name__ == "__main__":  # run by name, a flow's module is not importable under its own
    from flows.command import nightly as main

    raise SystemExit(main("flows.nightly:nightly"))

from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

from prefect import State, flow
from prefect.states import Completed, Failed

from expertkit.cli.examined import regressions
from expertkit.packages.releasing.lineup import line_up
from flows.futures import start, verdict
from flows.opening import owned
from flows.preparation import night_config, plan, prepare
from tasks import display, nights, registry
from tasks.examine import examine


@flow(name="nightly")
def nightly(seed: int | None = None, workers: int | None = None) -> State[Any]:
    """Examine champion and challenger of every expert and base; a regression fails the flow, with its reason.

    Args:
        seed: of the questions; by default the date, so that a day asks the same however often it is repeated.
        workers: pairs that are examined at the same time, by default ``EXPERTKIT_WORKERS`` or two.
    """
    night = nights.choose(datetime.now(UTC).date(), seed)
    with owned(workers=workers):
        planned, config = plan(prepare()), night_config()
        for expert in planned.unexaminable:
            display.say(f"{expert}: left out, as its data is its own and nobody can make fresh questions of it")
        examined = [expert for expert in planned.experts if expert not in planned.unexaminable]
        sittings = line_up(Path(), list(product(examined, planned.bases)))
        with nights.recorded(night):
            futures = [start(examine, sitting, night, config) for sitting in sittings]
            ended = verdict(futures)
            found = [future.result() for future in futures if future.state.is_completed()]
            nights.write(night, found)
        registry.mirror()
    wrong = [*([] if ended.is_completed() else [str(ended.message)]), *regressions(found)]
    return Failed(message="\n".join(wrong)) if wrong else Completed(message=f"{night.name}: nothing has become worse")
