"""The packages of one expert for one base asked fresh questions, by the command, and what it found recorded."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from prefect import task

from expertkit.files import read_json
from expertkit.packages.releasing.lineup import Sitting
from expertkit.recipes.nights import NightlyConfig
from tasks import display, dvc, nights, session
from tasks.nights import Night
from tasks.progress import Tail
from tasks.stage import POLICY

LIMIT_S = 2 * 3600.0


@task(task_run_name="examine@{sitting.key}", **POLICY)
def examine(sitting: Sitting, night: Night, config: NightlyConfig) -> dict[str, Any]:
    """What the night's questions found; a regression is a finding, not an error."""
    stage, answer = f"examine@{sitting.key}", dvc.LOGS / f"examine@{sitting.key}.json"
    settings = {"--seed": night.seed, "--items": config.items, "--alpha": config.alpha}
    options = [str(word) for option in settings.items() for word in option]
    command = ["expert-cli", "examine", *map(str, sitting.packages.values()), *options, "--json"]
    with session.slot(session.required().workers):
        _follow(stage, command, answer)
    found = _with_roles(read_json(answer), sitting)
    nights.record(night, sitting.key, found)
    return found


def _follow(stage: str, command: list[str], answer: Path) -> None:
    tail = Tail(stage=stage)
    tail.forget()
    with display.row(stage) as row, closing(dvc.follow(stage, command, limit_s=LIMIT_S, answer=answer)) as running:
        for _ in running:
            row.show(tail.read(), tail)


def _with_roles(found: dict[str, Any], sitting: Sitting) -> dict[str, Any]:
    packages = [{"role": role, **each} for role, each in zip(sitting.packages, found["packages"], strict=True)]
    return {**found, "packages": packages}
