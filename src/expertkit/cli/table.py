"""What was released, as the table that ends a run, and how the tables of this house look. Values in, lines out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from io import StringIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from expertkit import layout
from expertkit.errors import printable
from expertkit.packages.releasing.release import Release, Shipped

_RIGHT = {"base score", "expert score", "p", "bytes"}
_COLUMNS = ("expert", "base", "base score", "expert score", "p", "bytes", "content digest", "verdict", "path")
_WIDTH = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of a table."""

    cells: Sequence[str]
    is_bad: bool
    """Whether it stands out."""


def render(releases: Sequence[Release], *, color: bool = False, warnings: Sequence[str] = ()) -> list[str]:
    """The lines of a page: the table of all releases, the reasons of refusals, and the commands to look further.

    Args:
        releases: what there is.
        color: whether refusals stand out in red.
        warnings: what else a person has to know of them, one line each.
    """
    rows = [Row(cells=_row(release), is_bad=release.package is None) for release in releases]
    warned = [f"Warning: {warning}" for warning in warnings]
    return [*draw(_COLUMNS, rows, right=_RIGHT, color=color), *_refusals(releases), *warned, "", *further(releases)]


def draw(columns: Sequence[str], rows: Sequence[Row], *, right: Collection[str], color: bool) -> list[str]:
    """The lines of a table, each row on one line; the columns ``right`` hold numbers."""
    table = Table()
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left", no_wrap=True)
    for row in rows:
        table.add_row(*map(_cell, row.cells), style="red" if row.is_bad else None)
    text = StringIO()
    Console(file=text, width=_WIDTH, force_terminal=color, highlight=False).print(table)
    return text.getvalue().rstrip("\n").split("\n")


def further(releases: Sequence[Release]) -> list[str]:
    """The three commands to look further: a package, the figures, the graph of stages."""
    paths = [_path(release.package) for release in releases if release.package]
    return [
        f"expert-cli verify {paths[0] if paths else f'{layout.DIST}/<package>'}",
        "mlflow ui --backend-store-uri sqlite:///mlflow.db",
        "dvc dag",
    ]


def _cell(text: str) -> Text:
    """A text as it is: no markup, and on one line, or the table would be drawn around what it does to a terminal."""
    return Text(printable(text))


def _row(release: Release) -> list[str]:
    judged, package = release.judged, release.package
    scores = [f"{judged.base_score:.3f}", f"{judged.expert_score:.3f}", f"{judged.p_value:.1e}"]
    size, digest = (f"{package.bytes:,}", package.content_digest[:12]) if package else ("", "")
    path = _path(package) if package else ""
    return [judged.expert, judged.base, *scores, size, digest, judged.verdict, path]


def _path(package: Shipped) -> str:
    return f"{layout.DIST}/{package.file}"


def _refusals(releases: Sequence[Release]) -> list[str]:
    return [release.judged.describe() for release in releases if release.package is None]
