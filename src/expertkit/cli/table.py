"""What was released, as the table that ends a run. Values in, lines out."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from expertkit import layout
from expertkit.errors import printable
from expertkit.packages.release import Release, Shipped

_RIGHT = {"base score", "expert score", "p", "bytes"}
_COLUMNS = ("expert", "base", "base score", "expert score", "p", "bytes", "content digest", "verdict", "path")
_WIDTH = 240


def render(releases: Sequence[Release], *, color: bool = False) -> list[str]:
    """The lines of a page: the table of all releases, the reasons of refusals, and the commands to look further."""
    table = Table()
    for name in _COLUMNS:
        table.add_column(name, justify="right" if name in _RIGHT else "left", no_wrap=True)
    for release in releases:
        table.add_row(*map(_cell, _row(release)), style=None if release.package else "red")
    text = StringIO()
    Console(file=text, width=_WIDTH, force_terminal=color, highlight=False).print(table)
    return [*text.getvalue().rstrip("\n").split("\n"), *_refusals(releases), "", *further(releases)]


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
