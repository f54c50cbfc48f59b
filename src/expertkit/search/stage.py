"""Stage ``search``: every way tried, the front asked, the smallest adapter that is as good named in winner.json."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from expertkit import layout, osd
from expertkit.adapters import Adapter, Lora, encode_tensors, identity
from expertkit.data.items import data_folder
from expertkit.errors import ConfigError, FormatError, Problem
from expertkit.files import read_json, replace_folder, write_bytes, write_json
from expertkit.osd.point import Point
from expertkit.packages.weights import read_adapter
from expertkit.progress import Progress
from expertkit.recipes import Recipe, SearchConfig
from expertkit.search.calibrating import Calibrating
from expertkit.search.choice import Asked, Choice, choose
from expertkit.search.front import distinct, front
from expertkit.search.grid import grid
from expertkit.search.trials import Trial, Trials


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What a search comes to; nothing was tried where there was nothing to search."""

    told: Mapping[str, Any]
    """The winner, or why there is none."""
    trials: Sequence[Trial] = ()
    choice: Choice = field(default_factory=Choice)
    data: bytes | None = None
    """The winner's file."""
    whole: float | None = None
    """The share of right answers of the whole adapter."""


def trained_adapter(project: Path, recipe: Recipe) -> Adapter:
    """The adapter that a recipe's search compresses.

    Raises:
        PackagingError: it was not trained.
        FormatError: it is malformed.
    """
    hint = f"expert-cli train --expert {recipe.expert} --base {recipe.base}"
    return read_adapter(project / layout.TRAIN / recipe.key, hint=hint)


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
        return _write(project / folder, recipe, adapter, _Found(told={"point": None, "why": reason}))
    trials = _open(project, recipe, adapter)
    found = []
    for point in grid(recipe.search, rank=trials.rank):
        found.append(trials.run(point))
        progress.advance(1)
    possible = [trial for trial in found if trial.is_possible]
    whole, choice = _ask(project, recipe, adapter, trials, distinct(front(possible)), progress)
    data = trials.compress(choice.winner.trial.point).data if choice.winner else None
    told = _told(choice, recipe.search, whole)
    result = _Found(told=told, trials=possible, choice=choice, data=data, whole=whole)
    return _write(project / folder, recipe, adapter, result)


def _ask(
    project: Path, recipe: Recipe, adapter: Lora, trials: Trials, candidates: Sequence[Trial], progress: Progress
) -> tuple[float, Choice]:
    """The share of right answers of the whole adapter, and what was chosen by it."""
    from expertkit.evaluation.questions import Questions

    dev = Questions(project, recipe, split="dev", count=recipe.search.items, answered=progress.advance)
    whole = _share(dev.right(adapter))

    def score(trial: Trial) -> float:
        return _share(dev.right(trials.compress(trial.point).osd.to_lora()))

    config = recipe.search
    return whole, choose(candidates, score, whole=whole, tolerance=config.tolerance, points=config.points)


def _share(right: Sequence[bool]) -> float:
    return sum(right) / len(right)


def _told(choice: Choice, config: SearchConfig, whole: float) -> dict[str, Any]:
    """The winner, or why there is none."""
    goal = f"within {config.tolerance:g} of {whole:.3f}, {len(choice.asked)} asked"
    if not choice.asked:
        return {"point": None, "why": "no way to compress is possible: the whole adapter is kept"}
    if choice.winner is None:
        best = max(each.score for each in choice.asked)
        return {"point": None, "why": f"none is {goal}, the best has {best:.3f}: the whole adapter is kept"}
    point = choice.winner.trial.point
    return {"point": point.to_json(), "why": f"{point.name} has the fewest bytes {goal}"}


def _write(target: Path, recipe: Recipe, adapter: Adapter, found: _Found) -> dict[str, Any]:
    from expertkit.search.pictures import draw_front

    winner = found.choice.winner
    metrics = {
        "expert": recipe.expert, "base": recipe.base, **found.told, "trials": len(found.trials),
        "asked": len(found.choice.asked), "dev_score_whole": found.whole, "dev_score": winner.score if winner else None,
        "bytes_whole": len(encode_tensors(adapter)), "bytes": winner.trial.size if winner else None,
        "relative_error": winner.trial.error if winner else None,
    }  # fmt: skip
    with replace_folder(target) as folder:
        write_json(folder / layout.WINNER, {"adapter": identity(adapter), **found.told})
        write_json(folder / layout.METRICS, metrics)
        if found.data is not None:
            write_bytes(folder / osd.NAME, found.data)
        write_bytes(folder / "trials.csv", table(found.trials, found.choice).encode())
        if found.trials:
            title = f"{recipe.expert} on {recipe.base}: {winner.trial.point.name if winner else 'kept whole'}"
            draw_front(found.trials, found.choice, folder / "pareto.png", whole=found.whole, title=title)
    return metrics


def table(trials: Sequence[Trial], choice: Choice) -> str:
    """Every trial as a row of a CSV, the fewest bytes first; ``front`` and ``winner`` are 1 or 0."""
    asked: dict[Any, Asked] = {each.trial.point: each for each in choice.asked}
    best = {trial.point for trial in front(trials)}
    rows = ["point,codec,rank,score,density,sparsity,bits,bytes,error,front,dev_score,winner"]
    for trial in sorted(trials, key=lambda each: (each.size, each.error)):
        said, found = trial.point.settings, asked.get(trial.point)
        is_winner = choice.winner is not None and choice.winner.trial == trial
        rows.append(
            f"{trial.point.name},{said.codec},{said.rank},{said.score},"
            f"{trial.density:.6g},{1 - trial.density:.6g},{trial.point.bits or ''},{trial.size},{trial.error:.6g},"
            f"{int(trial.point in best)},{'' if found is None else f'{found.score:.4f}'},{int(is_winner)}"
        )
    return "\n".join(rows) + "\n"
