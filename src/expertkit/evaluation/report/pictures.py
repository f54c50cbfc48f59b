"""What people would rather look at: the loss curve and the comparison, as PNG files of the same bytes each time."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BASE, _EXPERT, INK = "#9aa5b1", "#1f6feb", "#24292f"
PLAIN = {"Software": None}  # matplotlib would write its version into the file


def read_curve(path: Path) -> list[tuple[int, float]]:
    """Steps and losses of a training, from its loss.csv."""
    with path.open(encoding="utf-8", newline="") as file:
        return [(int(row["step"]), float(row["loss"])) for row in csv.DictReader(file)]


def draw_loss(curve: Path, target: Path, *, title: str) -> None:
    """The loss over the steps of a training, from its loss.csv."""
    steps, losses = zip(*read_curve(curve), strict=True)
    figure, axes = new_figure(width=7, height=4)
    axes.plot(steps, losses, color=_EXPERT, linewidth=1.6)
    axes.set(title=title, xlabel="optimizer step", ylabel="loss of the answer (nats per token)", yscale="log")
    axes.grid(visible=True, axis="y", alpha=0.3)
    figure.savefig(target, metadata=PLAIN)


def draw_comparison(metrics: Mapping[str, Any], target: Path, *, title: str) -> None:
    """Base against expert: overall with 95 % intervals, and each form of question."""
    forms = metrics["forms"]
    figure, axes = new_figure(width=8, height=2.2 + 0.22 * len(forms))
    for at, (name, scores) in enumerate(reversed(forms.items())):
        axes.barh(at, scores["expert"], height=0.68, color=_EXPERT, alpha=0.55)
        axes.barh(at, scores["base"], height=0.3, color=_BASE)
        axes.text(-0.01, at, name, ha="right", va="center", fontsize=8, color=INK)
    top = len(forms) + 0.6
    for offset, arm, color in ((0.5, "expert", _EXPERT), (-0.3, "base", _BASE)):
        score, (low, high) = metrics[f"{arm}_score"], metrics[f"{arm}_interval"]
        axes.barh(top + offset, score, height=0.6, color=color)
        axes.plot([low, high], [top + offset] * 2, color=INK, linewidth=1.4)
        label = f"{arm}  {score:.3f}"
        axes.text(-0.01, top + offset, label, ha="right", va="center", fontsize=9, weight="bold", color=INK)
    axes.set(title=title, xlabel=f"share of right answers ({metrics['metric']})")
    axes.set(xlim=(0, 1.02), ylim=(-0.7, top + 1.2))
    axes.set_yticks([])
    figure.savefig(target, metadata=PLAIN)


def new_figure(*, width: float, height: float, rows: int = 1) -> tuple[Figure, Any]:
    """A figure that needs no display, with its pair of axes, or one for each of several rows."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    found = [figure.add_subplot(rows, 1, row + 1) for row in range(rows)]
    for axes in found:
        axes.spines[["top", "right"]].set_visible(False)
    return figure, found[0] if rows == 1 else found
