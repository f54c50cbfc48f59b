"""A search on record: its flow's run in MLflow, with one below it for each trial and one for each pair, and its file.

A trial is logged once for ever, by its key, whoever did it: what a killed flow left, or a person by hand, is logged by
the next flow.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from mlflow.entities import Metric, Param, RunTag, ViewType

from expertkit import layout
from expertkit.files import read_json, write_json
from expertkit.search.lineup import Search
from expertkit.search.trials import Trial, read_trial
from tasks import outcome, session
from tasks.store import PARENT, begin, client, end_dead_runs, experiment, log_metrics, tolerated

EXPERIMENT = "search"
TRIAL, PAIR, GRID = "expertkit.trial", "expertkit.pair", "expertkit.grid"
"""Tags of a run: the key of the trial, the expert and base, the grid."""

_PAGE = 5000
_ATTACHED = ("trials.csv", "pareto.png", layout.WINNER, layout.METRICS)


@dataclass(slots=True, kw_only=True)
class Record:
    """The run of a flow; it falls silent when the tracker fails."""

    run: str | None = None
    known: set[str] = field(default_factory=set)
    """The keys of trials that are on record."""

    def add_trials(self, search: Search) -> None:
        """Log every trial that is done and not on record."""
        for key, path in search.files.items():
            if self.run is not None and key not in self.known and path.is_file():
                self._log(f"a trial of {search.pair}", partial(_log_trial, search, key, read_trial(path)))
                self.known.add(key)

    def add_result(self, search: Search) -> None:
        """Log what a search found, with its picture."""
        self._log(f"the search of {search.pair}", partial(_log_result, search))

    def add_file(self, path: Path) -> None:
        """Attach a file to the flow's run."""
        self._log(str(path), lambda run: client().log_artifact(run, str(path)))

    def end(self, status: str) -> None:
        """End the flow's run."""
        self._log("the end of this flow", lambda run: client().set_terminated(run, status=status))

    def _log(self, what: str, write: Callable[[str], None]) -> None:
        run, self.run = self.run, None
        with tolerated(what):
            if run is not None:
                write(run)
            self.run = run


@contextmanager
def opened(grid: str) -> Iterator[Record]:
    """A run for the search that this flow makes, open for the block."""
    record, status = Record(), "FAILED"
    with tolerated(f"the search {grid}"):
        end_dead_runs(within=EXPERIMENT)
        record.known = _known()
        record.run = begin(f"{grid} {session.required().flow[:8]}", {GRID: grid}, within=EXPERIMENT)
    try:
        yield record
        status = "FINISHED"
    finally:
        record.end(status)


def write(grid: str, found: Sequence[Mapping[str, Any]]) -> Path:
    """Leave what was found, pair by pair, as a file."""
    write_json(_file(grid), list(found))
    return _file(grid)


def read(grid: str) -> list[dict[str, Any]]:
    """What was found, pair by pair; nothing where the search came to nothing."""
    return list(read_json(_file(grid))) if _file(grid).is_file() else []


def forget(grid: str) -> None:
    """Remove what an earlier search found."""
    _file(grid).unlink(missing_ok=True)


def _file(grid: str) -> Path:
    return layout.SEARCHED / grid / "found.json"


def _log_trial(search: Search, key: str, trial: Trial, parent: str) -> None:
    """One batch, its key in it: a run without a key is of no trial."""
    run = begin(trial.point.name, {PAIR: search.pair, GRID: search.grid, PARENT: parent}, within=EXPERIMENT)
    figures = {"bytes": trial.size, "error": trial.error, "density": trial.density} if trial.is_possible else {}
    client().log_batch(
        run,
        metrics=[Metric(name, value, _now_ms(), 0) for name, value in figures.items()],
        params=[Param(name, str(value)) for name, value in _settings(search, trial).items()],
        tags=[RunTag(TRIAL, key)],
    )
    client().set_terminated(run)


def _settings(search: Search, trial: Trial) -> dict[str, object]:
    """Of a trial, without those that say nothing of it; the density of rdq comes of its size."""
    said = {**asdict(trial.point.settings), "bits": trial.point.bits, "budget": trial.point.budget}
    if said["codec"] == "rdq":
        del said["density"]
    told = {name: value for name, value in said.items() if value is not None}
    return {"expert": search.expert, "base": search.base, **told, "possible": trial.is_possible}


def _log_result(search: Search, parent: str) -> None:
    run = begin(search.pair, {PAIR: search.pair, GRID: search.grid, PARENT: parent}, within=EXPERIMENT)
    found = read_json(search.folder / layout.METRICS)
    log_metrics(run, [Metric(name, value, _now_ms(), 0) for name, value in outcome.numbers(found).items()])
    client().set_tag(run, "why", found["why"])
    for name in _ATTACHED:
        if (search.folder / name).is_file():
            client().log_artifact(run, str(search.folder / name))
    client().set_terminated(run)


def _known() -> set[str]:
    """The keys of all trials that are on record, also of runs that somebody deleted."""
    place, found, token = experiment(EXPERIMENT), set[str](), None
    while True:
        page = client().search_runs([place], run_view_type=ViewType.ALL, max_results=_PAGE, page_token=token)
        found |= {run.data.tags[TRIAL] for run in page if TRIAL in run.data.tags}
        token = page.token
        if not token:
            return found


def _now_ms() -> int:
    return int(time.time() * 1000)
