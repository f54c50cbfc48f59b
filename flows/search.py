"""Every way to compress that a grid has, tried on every trained adapter, and what that comes to (docs/osd.md).

Run by ``python -m flows.search``, or by Prefect as the deployment of prefect.yaml.
"""

from __future__ import annotations

if __name__ == "__main__":  # run by name, a flow's module is not importable under its own
    from flows.command import search as main

    raise SystemExit(main("flows.search:search"))

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prefect import State, flow
from prefect.exceptions import FailedRun
from prefect.states import Completed, Failed

from expertkit import layout
from expertkit.files import read_json
from expertkit.recipes import are_written, write_recipes
from expertkit.search.lineup import Search
from flows import runners
from flows.futures import start, verdict
from flows.opening import owned
from flows.preparation import prepare, searchable
from flows.runners import Runner
from tasks import display, searches, session
from tasks.explore import explore
from tasks.trial import Batch, deal, trial, watched


@flow(name="search")
def search(
    grid: str = "full",
    experts: Sequence[str] = (),
    bases: Sequence[str] = (),
    runner: Runner = "threads",
    workers: int | None = None,
) -> State[Any]:
    """Do every trial that nobody has done, then ask the front of every pair; a pair that fails stops no other.

    Args:
        grid: a file of configs/search/.
        experts: of params.yaml; by default all.
        bases: of params.yaml; by default all.
        runner: where trials run.
        workers: commands that run at the same time, by default ``EXPERTKIT_WORKERS`` or two.
    """
    with owned(workers=workers) as record:
        recipes = prepare()
        found = searchable(recipes, grid=grid, experts=experts, bases=bases)
        for line in found.left_out:
            display.say(line)
        if not are_written(Path(), recipes):
            write_recipes(Path(), recipes)
        with searches.opened(grid) as log:
            tried = _try(found.searches, log, runner=runner, workers=record.workers)
            whole = [each for each in found.searches if not each.missing()]
            futures = {each.pair: start(explore, each) for each in whole}
            explored = verdict(list(futures.values()))
            done = [each for each in whole if futures[each.pair].state.is_completed()]
            for each in done:
                log.add_result(each)
            log.add_file(searches.write(grid, [read_json(each.folder / layout.METRICS) for each in done]))
    wrong = [str(state.message) for state in (tried, explored) if not state.is_completed()]
    return Failed(message="\n".join(wrong)) if wrong else Completed(message=f"{grid}: {len(done)} searches")


@flow(name="trials")
def trials(batches: list[Batch]) -> State[Any]:
    """Do batches of trials, where the runner of this flow has them done."""
    return verdict([start(trial, batch) for batch in batches])


def _try(found: Sequence[Search], log: searches.Record, *, runner: Runner, workers: int) -> State[Any]:
    """Do what is missing; trials that were done are on record then, whoever did them."""
    batches = [batch for each in found for batch in _batches(each, workers=workers)]
    if not batches:
        for each in found:
            log.add_trials(each)
        return Completed(message="every trial is done")
    try:
        with watched(found, log), runners.opened(runner, workers=workers) as chosen:
            trials.with_options(task_runner=chosen)(batches)
    except FailedRun as error:
        return Failed(message=str(error))
    return Completed(message="every trial is done")


def _batches(found: Search, *, workers: int) -> list[Batch]:
    about = {"expert": found.expert, "base": found.base, "grid": found.grid}
    here = {"folder": str(Path.cwd()), "flow": session.required().flow}
    dealt = deal(found.missing(), workers=workers)
    return [Batch(**about, **here, number=number, keys=keys) for number, keys in enumerate(dealt, start=1)]
