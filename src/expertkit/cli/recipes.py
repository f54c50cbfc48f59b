"""``expert-cli recipes``: params.yaml, manifests and named configs, resolved into build/recipes/."""

from __future__ import annotations

from pathlib import Path

import click

from expertkit.cli import options
from expertkit.cli.main import emit


@click.command("recipes")
@click.option(
    "--from", "source", type=options.There(dir_okay=False), metavar="FILE",
    help="Take this resolved recipe, such as the recipe.json of a package, instead of params.yaml.",
)  # fmt: skip
@options.as_json
def command(source: Path | None, *, as_json: bool) -> None:
    """Resolve params.yaml into one recipe per expert and base, or list everything that is wrong."""
    from expertkit.recipes import load_recipe, resolve, write_recipes

    project = Path()
    recipes = resolve(project) if source is None else (load_recipe(source),)
    written = [str(path) for path in write_recipes(project, recipes)]
    emit({"recipes": written}, as_json=as_json, text=written)
