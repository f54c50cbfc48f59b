"""A measured number beside its goal. Values only: nothing is measured or printed here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from expertkit.layout import TRAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measured number."""

    name: str
    measured: str
    goal: str
    met: bool | None
    """None where there is no goal to meet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """Where benchmarks work, and with which settings."""

    scratch: Path
    """A folder for copies of the project, removed at the end."""
    is_full: bool
    """Whether the project's own settings are used where the nano ones would do."""
    adapters: Path = TRAIN
    """A folder of folders with trained adapters, for what is measured of those."""


def at_most(name: str, value: float, *, limit: float, unit: str = "") -> Row:
    """A number that must not be above ``limit``."""
    return Row(name=name, measured=_text(value, unit), goal=f"at most {_text(limit, unit)}", met=value <= limit)


def at_least(name: str, value: float, *, limit: float, unit: str = "") -> Row:
    """A number that must not be below ``limit``."""
    return Row(name=name, measured=_text(value, unit), goal=f"at least {_text(limit, unit)}", met=value >= limit)


def equal(name: str, measured: str, *, expected: str) -> Row:
    """A fact that must be ``expected``."""
    return Row(name=name, measured=measured, goal=expected, met=measured == expected)


def reported(name: str, measured: str) -> Row:
    """A number without a goal."""
    return Row(name=name, measured=measured, goal="reported", met=None)


def _text(value: float, unit: str) -> str:
    return f"{value:.2f} {unit}".rstrip()
