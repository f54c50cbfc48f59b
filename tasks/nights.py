"""A night on record: which one it is, its run in MLflow with one below it for each pair, and its file.

A night has one run however often it is repeated, dated by the night: the same day asks the same questions, and
a curve over nights is a curve over days.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from mlflow.entities import Metric, Run

from expertkit.files import read_json, write_json
from tasks import outcome
from tasks.store import PARENT, begin, client, end_dead_runs, experiment, log_metrics, tolerated

EXPERIMENT = "nightly"
NIGHT, PAIR = "expertkit.night", "expertkit.pair"
"""Tags of a run: the night, and the expert and base that it is about."""
FOLDER = Path(".work/nightly")


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """One night, and the seed of its questions."""

    day: date
    seed: int

    @property
    def name(self) -> str:
        """The day, with the seed where it is not the day's own."""
        return f"{self.day}" if self.seed == _day_seed(self.day) else f"{self.day}-seed-{self.seed}"

    @property
    def path(self) -> Path:
        """What was found, as a file."""
        return FOLDER / f"{self.name}.json"

    @property
    def begun_ms(self) -> int:
        """Its date as MLflow counts time."""
        return int(datetime.combine(self.day, time(), UTC).timestamp() * 1000)


def choose(day: date, seed: int | None = None) -> Night:
    """The night of a day; the seed is the day as a number, such as 20260131, unless another one is asked for."""
    return Night(day=day, seed=_day_seed(day) if seed is None else seed)


def write(night: Night, found: Sequence[Mapping[str, Any]]) -> None:
    """Leave what was found, pair by pair, as a file that the night's run holds too."""
    write_json(night.path, {"night": night.name, "seed": night.seed, "pairs": list(found)})
    worse = sum(bool(package["regression"]) for each in found for package in each["packages"])
    with tolerated(f"the night {night.name}"):
        run = _run(night)
        log_metrics(run, [Metric("regressions", worse, night.begun_ms, 0)])
        client().log_artifact(run, str(night.path))


def read(night: Night) -> list[dict[str, Any]]:
    """What was found, pair by pair; nothing where the night came to nothing."""
    return list(read_json(night.path)["pairs"]) if night.path.is_file() else []


@contextmanager
def recorded(night: Night) -> Iterator[None]:
    """The night's run in MLflow, open for the block."""
    status = "FAILED"
    with tolerated(f"the night {night.name}"):
        end_dead_runs(within=EXPERIMENT)
        client().update_run(_run(night), status="RUNNING")
    try:
        yield
        status = "FINISHED"
    finally:
        with tolerated(f"the night {night.name}"):
            client().set_terminated(_run(night), status=status)


def record(night: Night, pair: str, found: Mapping[str, Any]) -> None:
    """Log every figure of a pair of expert and base below the night's run."""
    with tolerated(f"the night {night.name} of {pair}"):
        run = _run(night, pair)
        log_metrics(run, [Metric(name, value, night.begun_ms, 0) for name, value in _figures(found).items()])
        for name, value in _settings(found).items():
            client().set_tag(run, name, value)
        status = "FAILED" if any(each["regression"] for each in found["packages"]) else "FINISHED"
        client().set_terminated(run, status=status)


def _settings(found: Mapping[str, Any]) -> dict[str, str]:
    """What was asked of whom: tags, because a night that is repeated may change them, and MLflow's params may not."""
    asked = {name: str(found[name]) for name in ("seed", "items", "alpha", "metric", "fingerprint")}
    return asked | {f"{each['role']}.content_digest": str(each["content_digest"]) for each in found["packages"]}


def _figures(found: Mapping[str, Any]) -> dict[str, float]:
    """Every number, by who was asked and what it is: ``champion.score``."""
    asked = {"unaided": found["unaided"], **{each["role"]: each for each in found["packages"]}}
    ends = {name: dict(zip(("low", "high"), each["interval"], strict=True)) for name, each in asked.items()}
    return outcome.numbers(asked) | outcome.numbers(ends)


def _run(night: Night, pair: str = "") -> str:
    """The id of the run of a night, or of a pair in it; made where there is none."""
    place = experiment(EXPERIMENT)
    condition = f"tags.`{NIGHT}` = '{night.name}' and tags.`{PAIR}` = '{pair}'"
    found: list[Run] = client().search_runs([place], filter_string=condition)
    if found:
        return str(found[0].info.run_id)
    tags = {NIGHT: night.name, PAIR: pair, **({PARENT: _run(night)} if pair else {})}
    return begin(pair or night.name, tags, within=EXPERIMENT, begun_ms=night.begun_ms)


def _day_seed(day: date) -> int:
    return int(f"{day:%Y%m%d}")
