"""``expert-cli search``: the smallest adapter that is still as good."""

from __future__ import annotations

from pathlib import Path

import click

from expertkit import layout
from expertkit.cli import options
from expertkit.cli.main import emit


@click.command("search")
@options.expert()
@options.base()
@click.option("--grid", metavar="NAME", help="Try what configs/search/NAME.yaml says; goes to .work/search/NAME/.")
@click.option(
    "--trial", "keys", multiple=True, metavar="KEY",
    help="Do these trials of the search and nothing else; several share the reading of the adapter.",
)  # fmt: skip
@click.option("--list", "is_listed", is_flag=True, help="List the trials that nobody has done.")
@options.as_json
def command(expert: str, base: str, *, grid: str | None, keys: tuple[str, ...], is_listed: bool, as_json: bool) -> None:
    """Find the smallest form of a trained adapter that is still as good.

    Every way to compress it that the recipe asks for is tried, those of the fewest bytes for their error are asked
    the dev items, and build/search/<expert>-<base>/ gets trials.csv, pareto.png and winner.json, which `decompose`
    reads. Trials are kept in .work/trials/, so that a search that was stopped goes on.
    """
    from expertkit.packages.weights import read_trained
    from expertkit.progress import progress
    from expertkit.recipes import read_recipe
    from expertkit.recipes.search_grids import read_grid
    from expertkit.search.stage import count_steps, do_trials, list_trials, on_grid, search, why_not

    recipe, target = read_recipe(Path(), expert, base), layout.SEARCH
    if grid is not None:
        recipe, target = on_grid(recipe, read_grid(Path(), grid)), layout.SEARCHED / grid
    adapter = read_trained(Path(), recipe.expert, recipe.base)
    if is_listed or keys:
        rows = do_trials(Path(), recipe, adapter, keys) if keys else list_trials(Path(), recipe, adapter)
        nothing = f"{recipe.key}: {why_not(recipe, adapter) or 'every trial is done'}"
        emit({"trials": rows}, as_json=as_json, text=[f"{row['key']}  {row['name']}" for row in rows] or [nothing])
        return
    total = count_steps(Path(), recipe, adapter)
    with progress(f"search@{recipe.key}", total=total, unit="trials and answers") as shown:
        found = search(Path(), recipe, adapter, shown, folder=target / recipe.key)
    emit(found, as_json=as_json, text=f"{recipe.key}: {found['why']}")
