"""What was released, as the table that ends a run. Values in, text out."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO

from rich.console import Console
from rich.table import Table

from expertkit.packages.release import FOLDER, Release

_RIGHT = {"base score", "expert score", "p", "bytes"}
_COLUMNS = ("expert", "base", "base score", "expert score", "p", "bytes", "content digest", "verdict", "path")
_WIDTH = 240


def render(releases: Sequence[Release], *, color: bool = False) -> str:
    """The table of all releases, the reasons of refusals, and the commands to look further."""
    table = Table()
    for name in _COLUMNS:
        table.add_column(name, justify="right" if name in _RIGHT else "left", no_wrap=True)
    for release in releases:
        table.add_row(*_row(release), style=None if release.file else "red")
    text = StringIO()
    Console(file=text, width=_WIDTH, force_terminal=color, highlight=False).print(table)
    return "\n".join([text.getvalue().rstrip("\n"), *_refusals(releases), "", *further(releases)])


def further(releases: Sequence[Release]) -> list[str]:
    """The three commands to look further: a package, the figures, the graph of stages."""
    packages = [f"{FOLDER}/{release.file}" for release in releases if release.file]
    return [
        f"expert-cli verify {packages[0] if packages else f'{FOLDER}/<package>'}",
        "mlflow ui --backend-store-uri sqlite:///mlflow.db",
        "dvc dag",
    ]


def _row(release: Release) -> list[str]:
    scores = [f"{release.base_score:.3f}", f"{release.expert_score:.3f}", f"{release.p_value:.1e}"]
    if release.file is None:
        return [release.expert, release.base, *scores, "", "", release.verdict, ""]
    digest = (release.content_digest or "")[:12]
    return [
        release.expert,
        release.base,
        *scores,
        f"{release.bytes:,}",
        digest,
        release.verdict,
        f"{FOLDER}/{release.file}",
    ]


def _refusals(releases: Sequence[Release]) -> list[str]:
    return [
        f"{each.expert} on {each.base} was refused: {'; '.join(each.reasons)}" for each in releases if not each.file
    ]
