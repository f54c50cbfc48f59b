"""What there is after a release, for a person: the table of all verdicts, and where to look further."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from expertkit.cli.table import render
from expertkit.packages.release import read_index


def show() -> int:
    """Print the table of ``dist/`` and give the exit status: 1 when the gate refused an expert."""
    releases = read_index(Path())
    click.echo("\n".join(render(releases, color=sys.stdout.isatty())))
    return int(any(release.package is None for release in releases))
