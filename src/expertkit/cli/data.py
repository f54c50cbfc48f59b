"""``expert-cli data``: the data an expert learns from and is tested on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from expertkit import layout
from expertkit.cli import options
from expertkit.cli.main import emit

if TYPE_CHECKING:
    from expertkit.data.own.collection import Collected
    from expertkit.recipes import DataRecipe


@click.group("data")
def command() -> None:
    """Build, check and describe the data an expert learns from."""


@command.command("build")
@options.expert()
@options.as_json
def build(expert: str, *, as_json: bool) -> None:
    """Generate or collect train, dev, test and unseen items into build/data/<expert>/."""
    from expertkit.data.build import build_data
    from expertkit.recipes import read_data_recipe

    summary = build_data(Path(), read_data_recipe(Path(), expert))
    counts = ", ".join(f"{count} {part}" for part, count in summary["counts"].items())
    target = layout.DATA / expert
    text = f"{expert}: {counts} items in {target}, digest {summary['digest'][:12]}"
    emit({"expert": expert, "path": str(target), **summary}, as_json=as_json, text=text)


@command.command("validate")
@options.expert(required=False)
@click.argument("files", nargs=-1)
@options.columns
@options.as_json
def validate(expert: str | None, files: tuple[str, ...], *, columns: dict[str, str], as_json: bool) -> None:
    """Read an expert's own data, or FILES, and say what is wrong with it; nothing is written.

    Bad rows are counted and the first five shown with their lines; duplicates are counted; items that two parts
    share, and more bad rows than data.max_bad_share, are errors (exit status 11).

    Example: expert-cli data validate --expert expert-sql
    """
    name, collected = _collect(expert, files, columns)
    emit({"data": name, **_told(collected)}, as_json=as_json, text=[*_account_lines(name, collected)])


@command.command("stats")
@options.expert(required=False)
@click.argument("files", nargs=-1)
@options.columns
@options.as_json
def stats(expert: str | None, files: tuple[str, ...], *, columns: dict[str, str], as_json: bool) -> None:
    """Sizes, categories and lengths of the data of an expert, generated or its own, or of FILES.

    Example: expert-cli data stats --expert expert-sql
    """
    from expertkit.data.build import make_parts
    from expertkit.data.statistics import describe_parts

    recipe = _data_recipe(expert, files, columns)
    parts, _ = make_parts(Path(), recipe)
    described = describe_parts(parts)
    emit({"data": recipe.expert, "parts": described}, as_json=as_json, text=[*_stats_lines(described)])


def _collect(expert: str | None, files: tuple[str, ...], columns: dict[str, str]) -> tuple[str, Collected]:
    from expertkit.data.own.collection import collect

    recipe = _data_recipe(expert, files, columns)
    if recipe.data.own is None:
        raise click.UsageError(f"{recipe.expert}: expected data of its own, got a generator, which makes no bad rows")
    needs_json = recipe.grader == "json"
    return recipe.expert, collect(Path(), recipe.data, recipe.data.own, needs_json=needs_json)


def _data_recipe(expert: str | None, files: tuple[str, ...], columns: dict[str, str]) -> DataRecipe:
    from expertkit.data.own.loose import loose_recipe
    from expertkit.recipes import resolve

    if (expert is None) == (not files):
        raise click.UsageError("expected either --expert or files, got " + ("both" if files else "neither"))
    if columns and expert is not None:
        raise click.UsageError("--column: expected it with files, got --expert, whose manifest maps its columns")
    if expert is None:
        return loose_recipe(Path(), files, columns=columns)
    found = [recipe for recipe in resolve(Path()) if recipe.expert == expert]
    if not found:
        raise click.UsageError(f"{expert}: expected an expert of {layout.PARAMS}, got another; name it there")
    return found[0].data_recipe()


def _told(collected: Collected) -> dict[str, Any]:
    from expertkit.data.own.collection import to_json

    return {"counts": {part: len(items) for part, items in collected.parts.items()}, **to_json(collected.account)}


def _account_lines(name: str, collected: Collected) -> Iterator[str]:
    account = collected.account
    yield f"{name}: {account.rows:,} rows read"
    for file, columns in account.columns.items():
        yield f"  {file}: " + ", ".join(f"{role} from {column!r}" for role, column in columns.items() if column)
    yield f"  {account.bad:,} bad" + (", the first of them:" if account.bad else "")
    yield from (f"    {row.place}: {row.problem}" for row in account.first_bad)
    yield f"  {account.duplicates:,} there already, {account.near_duplicates:,} nearly"
    yield f"  {account.contradictions:,} ask what another one asks and have another answer"
    yield f"  {account.not_needed:,} usable but not needed"
    yield "  used: " + ", ".join(f"{len(items):,} {part}" for part, items in collected.parts.items())


def _stats_lines(described: Mapping[str, Any]) -> Iterator[str]:
    yield f"{'part':8}{'items':>8}{'groups':>8}{'categories':>12}  characters: median / 95 % / longest"
    for part, about in described.items():
        lengths = ", ".join(
            f"{name} {size['median']} / {size['p95']} / {size['max']}" for name, size in about["characters"].items()
        )
        yield f"{part:8}{about['items']:8,}{about['groups']:8,}{len(about['categories']):12,}  {lengths}"
