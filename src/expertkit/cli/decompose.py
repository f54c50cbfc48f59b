"""``expert-cli decompose``: the adapter as its exact singular value decomposition."""

from __future__ import annotations

from pathlib import Path

import click

from expertkit.cli import options
from expertkit.cli.main import emit


@click.command("decompose")
@options.expert()
@options.base()
@options.as_json
def command(expert: str, base: str, *, as_json: bool) -> None:
    """Write the trained adapter, decomposed, into experts/<expert>/weights/<base>/.

    Spectrum, energy and reconstruction error go into build/decompose/<expert>-<base>/.
    """
    from expertkit.packages.decomposition import decompose_adapter
    from expertkit.recipes import read_recipe

    recipe = read_recipe(Path(), expert, base)
    found = decompose_adapter(Path(), recipe)
    said = f"{recipe.key}: {found['kind']} of {found['parameters']:,} weights"
    how = (
        f"rank {found['rank']}, largest relative error {found['error']['max']:.2g}" if "error" in found else "as it is"
    )
    emit(found, as_json=as_json, text=f"{said}, {how}")
