"""The release line: every expert of params.yaml for every base of params.yaml, from its recipe to dist/.

Run by ``python -m flows.release``, or by Prefect as the deployment of prefect.yaml.
"""

from __future__ import annotations

if __name__ == "__main__":  # run by name: most often nothing is stale, and Prefect need not be imported
    from flows.command import main

    raise SystemExit(main("flows.release:release"))

from typing import Any

from prefect import State, flow

from flows.futures import start, verdict
from flows.opening import opened
from tasks.base import base as check
from tasks.data import data
from tasks.decompose import decompose
from tasks.evaluate import evaluate
from tasks.package import package
from tasks.recipes import recipes
from tasks.release import release as collect
from tasks.replay import replay
from tasks.search import search
from tasks.sign import sign
from tasks.train import train


@flow(name="release")
def release(workers: int | None = None) -> State[Any]:
    """Make whatever is not current; a pair that fails stops what is made from it, and nothing else.

    A task waits for the tasks whose files it reads, which is what ``dvc dag`` shows.

    Args:
        workers: stages that run at the same time, by default ``EXPERTKIT_WORKERS`` or two; a task that waits holds a
            thread, but no place.
    """
    with opened(workers=workers) as plan:
        recipe = start(recipes)
        models = {base: start(check, base) for base in plan.bases}
        signed, others = [], [recipe, *models.values()]
        for expert in plan.experts:
            dataset = start(data, expert, after=[recipe])
            others.append(dataset)
            for base, model in models.items():
                trained = start(train, expert, base, after=[recipe, model, dataset])
                searched = start(search, expert, base, after=[recipe, model, dataset, trained])
                decomposed = start(decompose, expert, base, after=[recipe, trained, searched])
                evaluated = start(evaluate, expert, base, after=[recipe, model, dataset, trained, decomposed])
                inputs = [recipe, model, dataset, trained, decomposed, evaluated]
                packaged = start(package, expert, base, after=inputs)
                sealed = start(sign, expert, base, after=[recipe, packaged])
                signed += [sealed, start(replay, expert, base, after=[recipe, model, sealed])]
                others += [trained, searched, decomposed, evaluated, packaged]
        return verdict([*others, *signed, start(collect, after=signed)])
