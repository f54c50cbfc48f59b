"""Stage ``search``: every way tried, the front asked, the smallest adapter that is as good named in winner.json."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

from expertkit import layout
from expertkit.adapters import Adapter, Lora
from expertkit.data.items import data_folder
from expertkit.errors import ConfigError, FormatError, Problem
from expertkit.files import read_json
from expertkit.osd.point import Point
from expertkit.progress import Progress
from expertkit.recipes import Recipe, SearchConfig
from expertkit.search.calibrating import Calibrating
from expertkit.search.choice import Asked, choose, judge
from expertkit.search.front import distinct, fronts
from expertkit.search.grid import grid
from expertkit.search.outcome import Outcome, told, write
from expertkit.search.trials import Trial, Trials


def on_grid(recipe: Recipe, config: SearchConfig) -> Recipe:
    """The recipe with another search, which is made whatever the recipe says of its own."""
    decompose = replace(recipe.decompose, osd=None)
    return replace(recipe, search=replace(config, enabled=True), decompose=decompose)


def why_not(recipe: Recipe, adapter: Adapter) -> str | None:
    """Why there is nothing to search, in words; None where there is."""
    if recipe.decompose.osd is not None:
        return "decompose.osd says how it is compressed"
    if not recipe.search.enabled:
        return "search.enabled is false"
    return None if isinstance(adapter, Lora) else f"{adapter.kind} has no singular vectors"


def count_steps(project: Path, recipe: Recipe, adapter: Adapter) -> int:
    """How many trials and answers a search takes at most."""
    if why_not(recipe, adapter) is not None or not isinstance(adapter, Lora):
        return 1
    counts = read_json(data_folder(project, recipe.expert) / layout.SUMMARY)["counts"]
    items = min(recipe.search.items, int(counts["dev"]))
    points = grid(recipe.search, rank=_open(project, recipe, adapter).rank)
    return len(points) + (recipe.search.points + 1) * items


def list_trials(project: Path, recipe: Recipe, adapter: Adapter) -> list[dict[str, str]]:
    """Key and name of every trial of a search that nobody has done."""
    trials, points = _planned(project, recipe, adapter)
    return [{"key": trials.key(point), "name": point.name} for point in trials.missing(points)]


def trial_files(project: Path, recipe: Recipe, adapter: Adapter) -> dict[str, Path]:
    """Where every trial of a search lies once it is done, by its key, in the order of the grid."""
    trials, points = _planned(project, recipe, adapter)
    return {trials.key(point): trials.path(point) for point in points}


def do_trials(project: Path, recipe: Recipe, adapter: Adapter, keys: Collection[str]) -> list[dict[str, Any]]:
    """Do some trials of a search; give what each costs.

    Raises:
        ConfigError: a key is none of them.
    """
    trials, points = _planned(project, recipe, adapter)
    known = {trials.key(point): point for point in points}
    odd = sorted(set(keys) - known.keys())
    if odd:
        problem = Problem(file=str(layout.PARAMS), place="search", expected="keys of its trials", got=", ".join(odd))
        raise ConfigError([problem], hint=f"expert-cli search --list --expert {recipe.expert} --base {recipe.base}")
    found = [(key, trials.run(known[key])) for key in keys]
    return [{"key": key, "name": trial.point.name, "bytes": trial.size, "error": trial.error} for key, trial in found]


def _open(project: Path, recipe: Recipe, adapter: Lora) -> Trials:
    return Trials(project, adapter, calibrate=Calibrating(project, recipe, adapter))


def _planned(project: Path, recipe: Recipe, adapter: Adapter) -> tuple[Trials, tuple[Point, ...]]:
    """The trials of an adapter and the points of its search; none where there is nothing to search.

    Raises:
        FormatError: the adapter has no singular vectors.
    """
    if not isinstance(adapter, Lora):
        raise FormatError(f"{recipe.key}: expected a LoRA or DoRA to search, got {adapter.kind}")
    trials = _open(project, recipe, adapter)
    return trials, () if why_not(recipe, adapter) else grid(recipe.search, rank=trials.rank)


def search(project: Path, recipe: Recipe, adapter: Adapter, progress: Progress, *, folder: Path) -> dict[str, Any]:
    """Write a folder of the project: every trial, the front, the winner with its file, and figures, which are given.

    Raises:
        CompatibilityError: the base is missing or another one, or the adapter does not fit it.
        FormatError: no dev item can be judged.
        PackagingError: there is no data.
    """
    reason = why_not(recipe, adapter)
    if reason is not None or not isinstance(adapter, Lora):
        found = Outcome(told={"point": None, "why": reason})
    else:
        found = _search(project, recipe, _open(project, recipe, adapter), adapter, progress)
    return write(project / folder, recipe, adapter, found)


def _search(project: Path, recipe: Recipe, trials: Trials, adapter: Lora, progress: Progress) -> Outcome:
    """Every trial made, and the front asked."""
    from expertkit.evaluation.questions import Questions

    made = []
    for point in grid(recipe.search, rank=trials.rank):
        made.append(trials.run(point))
        progress.advance(1)
    config = recipe.search
    dev = Questions(project, recipe, split="dev", count=config.items, answered=progress.advance)
    groups = [item.group for item in dev.items]
    whole = dev.right(adapter)
    files: dict[Point, bytes] = {}

    def ask(trial: Trial) -> Asked:
        small = trials.compress(trial.point)
        files[trial.point] = small.data
        right = dev.right(small.osd.to_lora())
        return judge(trial, whole=whole, right=right, groups=groups, tolerance=config.tolerance,
                     needed=recipe.evaluate.min_accuracy)  # fmt: skip

    choice = choose([distinct(front) for front in fronts(made).values()], ask, points=config.points)
    data = files[choice.winner.trial.point] if choice.winner else None
    score = sum(whole) / len(whole)
    return Outcome(told=told(choice, config, score), trials=made, choice=choice, data=data, whole=score)
