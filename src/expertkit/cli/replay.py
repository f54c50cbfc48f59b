"""``expert-cli replay``: a signed package asked again what was recorded."""

from __future__ import annotations

from pathlib import Path

import click

from expertkit.cli import options
from expertkit.cli.main import emit


@click.command("replay")
@options.expert()
@options.base()
@click.option("--record-refusal", is_flag=True, help="Pass a refusal on, and succeed.")
@options.as_json
def command(expert: str, base: str, *, record_refusal: bool, as_json: bool) -> None:
    """Ask the signed package of an expert and base what its evaluation recorded, into build/replay/<expert>-<base>/.

    Exit status 5 says that an answer is another one. For any other package: expert-cli verify --replay.
    """
    from expertkit.evaluation.replay import replay_stage
    from expertkit.recipes import read_recipe

    recipe = read_recipe(Path(), expert, base)
    found = replay_stage(Path(), recipe, record_refusal=record_refusal)
    emit(found.to_json(), as_json=as_json, text=f"{recipe.key}: {found.describe()}")
