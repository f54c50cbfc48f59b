"""``expert-cli recipes``: params.yaml, manifests and named configs, resolved into build/recipes/."""

from __future__ import annotations

from pathlib import Path

import click

from expertkit.cli.main import emit
from expertkit.cli.options import as_json


@click.command("recipes")
@as_json
def command(*, as_json: bool) -> None:
    """Resolve params.yaml into one recipe per expert and base, or list everything that is wrong."""
    from expertkit.recipes import resolve, write_recipes

    project = Path()
    written = [str(path) for path in write_recipes(project, resolve(project))]
    emit({"recipes": written}, as_json=as_json, text=written)
