"""A loss curve as the path of an SVG drawing, so that a page needs no file beside it and follows its colours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 10, 10, 26
_STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A value on an axis and where it lies, from the left or from the top."""

    text: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A curve over steps, its values on a logarithmic axis."""

    path: str
    """Of an SVG path element."""
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]


def chart(points: Sequence[tuple[int, float]]) -> Chart | None:
    """The curve through (step, value) points; None where there are not two with values above 0 and below infinity."""
    sound = [(step, value) for step, value in points if value > 0 and math.isfinite(value)]
    if len(sound) < 2:
        return None
    steps, logs = [step for step, _ in sound], [math.log10(value) for _, value in sound]
    across = _Axis(low=min(steps), high=max(steps), start=_LEFT, end=WIDTH - _RIGHT)
    up = _Axis(low=min(logs), high=max(logs), start=HEIGHT - _BOTTOM, end=_TOP)
    moves = " L".join(f"{across.place(step):.1f} {up.place(log):.1f}" for step, log in zip(steps, logs, strict=True))
    ticks = [value for value in _round_values(up.low, up.high) if up.low <= math.log10(value) <= up.high]
    return Chart(
        path=f"M{moves}",
        across=tuple(Tick(text=str(step), at=round(across.place(step), 1)) for step in (steps[0], steps[-1])),
        up=tuple(Tick(text=f"{value:g}", at=round(up.place(math.log10(value)), 1)) for value in ticks),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Axis:
    low: float
    high: float
    start: float
    end: float

    def place(self, value: float) -> float:
        """Where a value lies."""
        span = self.high - self.low
        return self.start + (self.end - self.start) * ((value - self.low) / span if span else 0.5)


def _round_values(low: float, high: float) -> list[float]:
    """1, 2 and 5 times the powers of ten between two logarithms."""
    powers = range(math.floor(low), math.ceil(high) + 1)
    return [float(f"{step}e{power}") for power in powers for step in _STEPS]
