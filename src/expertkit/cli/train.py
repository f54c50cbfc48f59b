"""``expert-cli train``: an expert's adapter for one base."""

from __future__ import annotations

from pathlib import Path

import click

from expertkit.cli import options
from expertkit.cli.main import emit


@click.command("train")
@options.expert()
@options.base()
@options.as_json
def command(expert: str, base: str, *, as_json: bool) -> None:
    """Train the adapter of an expert for one base into build/train/<expert>-<base>/.

    A run that was stopped goes on from its newest whole checkpoint.
    """
    from expertkit.progress import progress
    from expertkit.recipes import read_recipe
    from expertkit.training.stage import train_expert

    recipe = read_recipe(Path(), expert, base)
    result = train_expert(Path(), recipe, lambda steps: progress(f"train@{recipe.key}", total=steps))
    text = f"{recipe.key}: {result['parameters']:,} weights in {result['path']}, last loss {result['loss']:.4f}"
    emit(result, as_json=as_json, text=text)
