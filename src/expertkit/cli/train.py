"""``expert-cli train``: an expert's adapter for one base."""

from __future__ import annotations

import sys
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

    A run that was stopped goes on from its newest whole checkpoint. Where the recipe asks for several processes,
    they are started through accelerate.
    """
    from expertkit.training import processes

    processes.end_with_launcher()
    from expertkit.progress import progress
    from expertkit.recipes import read_recipe

    recipe = read_recipe(Path(), expert, base)
    if recipe.train.processes > 1 and not processes.is_launched():
        words = ["train", "--expert", expert, "--base", base, *(["--json"] if as_json else [])]
        sys.exit(processes.launch(recipe.train, words))
    from expertkit.training.stage import train_expert

    is_first = processes.is_first()
    result = train_expert(Path(), recipe, lambda steps: progress(f"train@{recipe.key}", total=steps, is_heard=is_first))
    text = f"{recipe.key}: {result['parameters']:,} weights in {result['path']}, last loss {result['loss']:.4f}"
    if is_first:
        emit(result, as_json=as_json, text=text)
