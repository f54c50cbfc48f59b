"""What there is after a release, for a person: the table of all verdicts, and where to look further."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from expertkit.cli.examined import render as render_examined
from expertkit.cli.searched import render as render_searched
from expertkit.cli.table import render
from expertkit.packages.releasing.promotion import clashes
from expertkit.packages.releasing.release import read_index
from expertkit.recipes.releases import read_releases


def show_night(found: Sequence[Mapping[str, Any]]) -> None:
    """Print what a night found."""
    if found:
        click.echo("\n".join(render_examined(found, color=sys.stdout.isatty())))


def show_search(found: Sequence[Mapping[str, Any]]) -> None:
    """Print what searches found."""
    if found:
        click.echo("\n".join(render_searched(found, color=sys.stdout.isatty())))


def show() -> int:
    """Print the table of ``dist/`` and give the exit status: 1 when the gate refused an expert."""
    releases = read_index(Path())
    warnings = clashes(releases, read_releases(Path()))
    click.echo("\n".join(render(releases, color=sys.stdout.isatty(), warnings=warnings)))
    return int(any(release.package is None for release in releases))
