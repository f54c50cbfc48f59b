"""``expert-cli data``: the data an expert learns from and is tested on."""

from __future__ import annotations

from pathlib import Path

import click

from expertkit import layout
from expertkit.cli import options
from expertkit.cli.main import emit


@click.group("data")
def command() -> None:
    """Build the data an expert learns from."""


@command.command("build")
@options.expert()
@options.as_json
def build(expert: str, *, as_json: bool) -> None:
    """Generate train, dev, test and unseen items into build/data/<expert>/."""
    from expertkit.data.build import build_data
    from expertkit.recipes import read_data_recipe

    recipe = read_data_recipe(Path(), expert)
    target = layout.DATA / expert
    summary = build_data(recipe.data, target)
    counts = ", ".join(f"{count} {part}" for part, count in summary["counts"].items())
    text = f"{expert}: {counts} items in {target}, digest {summary['digest'][:12]}"
    emit({"expert": expert, "path": str(target), **summary}, as_json=as_json, text=text)
