"""``expert-cli package``: an accepted expert for one base as one file."""

from __future__ import annotations

from pathlib import Path

import click

from expertkit.cli import options
from expertkit.cli.main import emit


@click.command("package")
@options.expert()
@options.base()
@click.option(
    "--weights", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="DIR",
    help="Folder of the adapter, or of the adapters by base; by default experts/<expert>/weights.",
)  # fmt: skip
@click.option("--include-tests", is_flag=True, help="Let the expert's tests/ travel with it.")
@click.option("--list-contents", is_flag=True, help="Print what would be packed, and pack nothing.")
@click.option("--output", type=click.Path(path_type=Path), metavar="DIR", help="Folder to put the package into.")
@click.option("--record-refusal", is_flag=True, help="Write refused.json for a refused expert, and succeed.")
@options.as_json
def command(  # noqa: PLR0913  # one argument per option
    expert: str, base: str, *, weights: Path | None, include_tests: bool, list_contents: bool,
    output: Path | None, record_refusal: bool, as_json: bool,
) -> None:  # fmt: skip
    """Pack an expert for one base into build/packages/<expert>-<base>/.

    Exit status 12 says that its evaluation refused the expert.
    """
    from expertkit.packages.build import build, prepare
    from expertkit.packages.build import list_contents as listing
    from expertkit.recipes import read_recipe

    recipe = read_recipe(Path(), expert, base)
    sources = prepare(Path(), recipe, weights=_of_base(weights, base), include_tests=include_tests)
    if list_contents:
        sizes = listing(sources)
        text = "\n".join(f"{size:>12,}  {name}" for name, size in sizes.items())
        emit({"expert": expert, "base": base, "members": sizes}, as_json=as_json, text=text)
        return
    made = build(sources, output=output, record_refusal=record_refusal)
    emit(made.to_json(), as_json=as_json, text=made.describe())


def _of_base(weights: Path | None, base: str) -> Path | None:
    """The folder of one base's adapter, when ``weights`` holds several."""
    return weights / base if weights is not None and (weights / base).is_dir() else weights
