"""``expert-cli package``: an accepted expert for one base, or for each of its bases, as one file each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from expertkit.cli import options
from expertkit.cli.main import emit

if TYPE_CHECKING:
    from expertkit.packages.making.build import Following
    from expertkit.packages.making.members import Sources
    from expertkit.packages.report import Judged
    from expertkit.packages.writing import Built


@click.command("package")
@options.expert()
@click.option("--base", "--model", "asked", metavar="NAME", help="The base model the adapter is for, however spelled.")
@click.option("--all-models", is_flag=True, help="Pack the expert for each of its bases, side by side.")
@click.option(
    "--weights", type=options.There(file_okay=False), metavar="DIR",
    help="Folder of the adapter, or of the adapters by base; by default experts/<expert>/weights.",
)  # fmt: skip
@click.option(
    "--format", "form", type=click.Choice(["binary", "archive"]), metavar="FORM",
    help="The form of the package, binary or archive, if not as params.yaml says.",
)  # fmt: skip
@options.codec
@options.compression_level
@options.alignment
@click.option("--include-tests", is_flag=True, help="Let the expert's tests/ travel with it.")
@click.option("--list-contents", is_flag=True, help="Print what would be packed, and pack nothing.")
@click.option("--output", type=options.PATH, metavar="DIR", help="Folder to put the package into.")
@click.option("--record-refusal", is_flag=True, help="Write refused.json for a refused expert, and succeed.")
@options.as_json
def command(  # noqa: PLR0913  # one argument per option
    expert: str, asked: str | None, *, all_models: bool, weights: Path | None, form: str | None, codec: str | None,
    compression_level: int | None, alignment: str | None, include_tests: bool, list_contents: bool, output: Path | None,
    record_refusal: bool, as_json: bool,
) -> None:  # fmt: skip
    """Pack an expert for one base into build/packages/<expert>-<base>/.

    An expert with several bases needs --base or --all-models; one of schema 1.0 has one base, and --base is ignored.
    Exit status 12 says that its evaluation refused the expert.
    """
    from expertkit.packages.making.build import build_all, prepare
    from expertkit.packages.making.choice import choose_bases
    from expertkit.recipes import read_recipe

    if all_models and (asked is not None or (output is not None and record_refusal)):
        raise click.UsageError("expected --all-models without --base, and without --output where refusals are recorded")
    bases, known = choose_bases(Path(), expert, asked, is_all=all_models)
    if not bases:
        one = ", ".join(known)
        raise click.UsageError(f"{expert} has several base models, expected --base, one of {one}, or --all-models")
    stored = {"codec": codec, "compression_level": compression_level, "alignment": alignment and int(alignment)}
    changes = {"format": form, **stored}
    chosen: dict[str, Any] = {name: value for name, value in changes.items() if value is not None}
    chosen |= {"include_tests": True} if include_tests else {}
    recipes = {base: read_recipe(Path(), expert, base) for base in bases}
    for recipe in recipes.values():
        options.check_storage(
            form or recipe.package.format, codec=codec, level=compression_level, alignment=alignment
        )  # fmt: skip
    prepared = [
        prepare(Path(), recipe, weights=_of_base(weights, base), package=replace(recipe.package, **chosen))
        for base, recipe in recipes.items()
    ]
    if list_contents:
        _list(expert, prepared, as_json=as_json)
        return
    with _bars() as bar:
        made = build_all(prepared, output=output, record_refusal=record_refusal, following=bar)
    facts = made[0].to_json() if not all_models else {"packages": [each.to_json() for each in made]}
    emit(facts, as_json=as_json, text=[line for each in made for line in _describe(each)])


@contextmanager
def _bars() -> Iterator[Callable[[str], Following]]:
    """Opens bars on the terminal, one for each base, that grow with the bytes that are packed."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("packing {task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:

        @contextmanager
        def bar(base: str, total: int) -> Iterator[Callable[[int], None]]:
            task = shown.add_task(base, total=total)
            yield lambda size: shown.advance(task, size)

        yield lambda base: partial(bar, base)


def _describe(made: Built | Judged) -> list[str]:
    from expertkit.packages.writing import Built

    return [*(made.describe_members() if isinstance(made, Built) else []), made.describe()]


def _list(expert: str, prepared: Sequence[Sources], *, as_json: bool) -> None:
    from expertkit.packages.making.build import list_contents

    listed = {sources.recipe.base: list_contents(sources) for sources in prepared}
    lines = [f"{size:>12,}  {name}" for sizes in listed.values() for name, size in sizes.items()]
    if len(listed) == 1:
        ((base, sizes),) = listed.items()
        emit({"expert": expert, "base": base, "members": sizes}, as_json=as_json, text=lines)
    else:
        emit({"expert": expert, "members": listed}, as_json=as_json, text=lines)


def _of_base(weights: Path | None, base: str) -> Path | None:
    """The folder of one base's adapter, when ``weights`` holds several."""
    return weights / base if weights is not None and (weights / base).is_dir() else weights
