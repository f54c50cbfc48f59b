"""A search as a picture: bytes against error, and against the share of right answers where that was asked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

from expertkit.evaluation.report.pictures import INK, PLAIN, new_figure
from expertkit.search.choice import Asked, Choice
from expertkit.search.front import fronts
from expertkit.search.trials import Trial

_COLORS = {"f32": "#8250df", "f16": "#bf8700", "int8": "#1a7f37", "rdq": "#1f6feb"}
_STYLES = ("-", "--", "-.", ":", (0, (1, 3)))
_TICKS = (1, 2, 5)
"""Of each power of ten."""


def draw_front(trials: Sequence[Trial], choice: Choice, target: Path, *, whole: float | None, title: str) -> None:
    """Every trial by its bytes and error, the front as a line; below it what the asked ones answered."""
    figure, (above, below) = new_figure(width=9.5, height=6.4, rows=2)
    for codec, color in _COLORS.items():
        of_codec = [trial for trial in trials if trial.point.settings.codec == codec]
        if of_codec:
            above.scatter(*_places(of_codec), s=14, color=color, alpha=0.75, label=codec, linewidths=0)
    for (score, points), style in zip(fronts(trials).items(), _STYLES, strict=False):
        above.plot(*_places(points), color=INK, linewidth=1, linestyle=style, alpha=0.6, label=f"front of {score}")
    names = [_draw_asked(below, number, each) for number, each in enumerate(_by_size(choice), 1)]
    if whole is not None:
        below.axhline(whole, color=INK, linewidth=1, linestyle=":", label="the whole adapter")
    if choice.winner:
        for axes, height in ((above, choice.winner.trial.error), (below, choice.winner.score)):
            axes.scatter([choice.winner.trial.size], [height], s=130, facecolors="none", edgecolors=INK, linewidths=1.4,
                         label="the winner")  # fmt: skip
    above.set(title=title, ylabel="relative error of the update", xscale="log", yscale="log")
    below.plot([], [], color=INK, linewidth=1, alpha=0.6, label="down to what is sure")
    below.scatter([], [], s=30, color="none", edgecolors=INK, label="not as good for sure")
    below.set(xlabel="bytes of the file", ylabel="share of dev answers that are right")
    below.set(xscale="log", xlim=above.get_xlim())
    if names:
        figure.legend(handles=names, fontsize=7, frameon=False, loc="outside right lower")
    for axes in (above, below):
        axes.xaxis.set_major_locator(LogLocator(subs=_TICKS))
        axes.xaxis.set_major_formatter(EngFormatter("B"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.grid(visible=True, alpha=0.25)
        if axes.get_legend_handles_labels()[1]:
            axes.legend(fontsize=8, frameon=False, loc="best")
    figure.savefig(target, metadata=PLAIN)


def _by_size(choice: Choice) -> list[Asked]:
    return sorted(choice.asked, key=lambda each: (each.trial.size, each.trial.point.name))


def _draw_asked(axes: Axes, number: int, each: Asked) -> Line2D:
    """A point with its number, down to what is sure; give the number with its name, for a list."""
    place, color = (each.trial.size, each.score), _COLORS[each.trial.point.settings.codec]
    axes.plot([each.trial.size] * 2, [each.low, each.score], color=color, linewidth=1, alpha=0.6)
    axes.scatter(*place, s=30, color=color if each.is_good else "none", edgecolors=color)
    axes.annotate(str(number), place, fontsize=7, xytext=(7, -3), textcoords="offset points", color=INK)
    return Line2D([], [], linestyle="none", marker=f"${number}$", color=INK, markersize=5, label=each.trial.point.name)


def _places(trials: Sequence[Trial]) -> tuple[list[int], list[float]]:
    return [trial.size for trial in trials], [max(trial.error, 1e-6) for trial in trials]
