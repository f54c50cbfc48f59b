"""The deployments of prefect.yaml: flows with their parameters, and when they run."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar
from zoneinfo import available_timezones

from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Schedule
from prefect.types.entrypoint import EntrypointType

from expertkit.errors import ConfigError, Problem
from expertkit.fields import OneOf, Place, Text, read, show
from expertkit.manifest.kinds import Positive, Words
from expertkit.recipes.strict_yaml import load_file

FILE = Path("prefect.yaml")

Entrypoint = Annotated[str, Text(r"flows\.\w+\.\w+", "a flow such as 'flows.release.release'")]
Cron = Annotated[str, Text(r"\S+( \S+){4}", "five fields such as '0 3 * * *'")]


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """When a flow runs by itself."""

    EXTRAS: ClassVar[Any] = Any
    RULES: ClassVar[Any] = (OneOf("cron", "interval"),)

    cron: Cron | None = None
    interval: Positive | None = None
    """Seconds from one run to the next."""
    timezone: Words = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """One deployment; keys that only ``prefect deploy`` reads are left to it."""

    EXTRAS: ClassVar[Any] = Any

    name: Words
    entrypoint: Entrypoint
    description: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    schedules: tuple[When, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _PrefectFile:
    """prefect.yaml, as far as serving depends on it."""

    EXTRAS: ClassVar[Any] = Any

    deployments: tuple[Deployed, ...]


def read_deployments(project: Path) -> tuple[Deployed, ...]:
    """What prefect.yaml deploys.

    Raises:
        ConfigError: it is wrong; all problems at once.
    """
    problems: list[Problem] = []
    place = Place(str(FILE), problems)
    found = read(_PrefectFile, load_file(project / FILE, place), place) if not problems else None
    deployments = found.deployments if found else ()
    for number, deployed in enumerate(deployments):
        for index, when in enumerate(deployed.schedules):
            if when.timezone not in available_timezones():
                at = place.at("deployments").entry(number).at("schedules").entry(index).at("timezone")
                at.wrong("a time zone such as 'Europe/Berlin'", show(when.timezone))
    if problems:
        raise ConfigError(problems)
    return deployments


def to_prefect(deployed: Deployed) -> RunnerDeployment:
    """The deployment as Prefect serves it: by its flow's module, never by a path."""
    flow = pkgutil.resolve_name(":".join(deployed.entrypoint.rsplit(".", 1)))
    return RunnerDeployment.from_flow(
        flow,
        name=deployed.name,
        description=deployed.description,
        parameters=dict(deployed.parameters),
        schedules=[_schedule(when) for when in deployed.schedules],
        paused=False,  # serving pauses them when it ends
        entrypoint_type=EntrypointType.MODULE_PATH,
    )


def _schedule(when: When) -> Schedule:
    interval = timedelta(seconds=when.interval) if when.interval else None
    return Schedule(cron=when.cron, interval=interval, timezone=when.timezone)
