"""What there is after a release, for a person: the table of all verdicts, and where to look further."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from expertkit.cli.table import render
from expertkit.files import read_json
from expertkit.packages.release import FOLDER, INDEX, Release


def show() -> int:
    """Print the table of ``dist/`` and give the exit status: 1 when the gate refused an expert."""
    rows = read_json(Path(FOLDER, INDEX))["releases"]
    releases = [Release(**{**row, "reasons": tuple(row["reasons"])}) for row in rows]
    click.echo(render(releases, color=sys.stdout.isatty()))
    return int(any(release.file is None for release in releases))
