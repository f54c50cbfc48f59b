"""``expert-cli init``: the folder of a new expert."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from expertkit import layout
from expertkit.cli import options
from expertkit.cli.main import emit

if TYPE_CHECKING:
    from expertkit.data.items import Item
    from expertkit.errors import Problem
    from expertkit.recipes.skeleton import OwnStart

_CASES = 3


@click.command("init")
@click.argument("name")
@click.option(
    "--base", "--model", "bases", multiple=True, metavar="NAME",
    help="A base model the expert is for, however spelled; may be given again. By default those of params.yaml.",
)  # fmt: skip
@click.option("--domain", default="sql", show_default=True, help="The generator of its data, and its grader.")
@click.option(
    "--data", metavar="PATH",
    help="Data of its own instead: a file, which is copied into experts/NAME/data/; a folder; a data set of the hub.",
)  # fmt: skip
@options.columns
@click.option("--description", metavar="TEXT", help="What it does, in one sentence.")
@click.option("--license", "spdx", default="MIT", show_default=True, metavar="SPDX", help="Its licence's identifier.")
@options.as_json
def command(  # noqa: PLR0913  # one for each option
    name: str, bases: tuple[str, ...], *, domain: str, data: str | None, columns: dict[str, str],
    description: str | None, spdx: str, as_json: bool,
) -> None:  # fmt: skip
    """Make experts/NAME with a manifest of schema 2.0 and everything that the release line asks for.

    Add NAME to the experts of params.yaml to release it.

    Example: expert-cli init expert-billing --domain sql
    """
    from expertkit.errors import ConfigError, PackagingError
    from expertkit.recipes.skeleton import NewExpert, OwnStart, find_problems, write_expert

    problems: list[Problem] = []
    start = None if data is None else OwnStart(source=data, columns=columns)
    expert = NewExpert(
        name=name,
        description=_describe(None if start else domain) if description is None else description,
        domain=domain if start is None else None,
        data=start,
        bases=_bases(bases, problems),
        license=spdx,
        cases=_cases(domain) if start is None else _own_cases(start, problems),
    )
    problems += find_problems(expert, asked="expert-cli init")
    if problems:
        raise ConfigError(problems, hint=None if layout.PARAMS.exists() else "start from the project's root")
    folder = layout.EXPERTS / name
    if folder.exists():
        raise PackagingError(f"{folder}: expected no such folder yet, got one")
    write_expert(folder, expert)
    emit({"expert": name, "path": str(folder)}, as_json=as_json, text=f"{folder}: made; expert-cli validate {folder}")


def _bases(asked: tuple[str, ...], problems: list[Problem]) -> tuple[str, ...]:
    """The project's bases that are asked for, each once and however spelled; by default those of params.yaml."""
    from expertkit.fields import Place, show
    from expertkit.manifest import matching
    from expertkit.recipes.base_models import base_names
    from expertkit.recipes.params import read_params

    if not asked:
        params = read_params(Path(), problems)
        return params.bases if params else ()
    known, found = base_names(Path()), list[str]()
    for base in asked:
        meant = matching(base, known)
        if len(meant) != 1:
            wanted = f"one base model of {layout.BASE_MODELS}/"
            got = f"{show(base)}, which may be {' or '.join(meant)}" if meant else show(base)
            Place("expert-cli init", problems, "--base").wrong(wanted, got, known=known, word=None if meant else base)
        found += meant[:1]
    return tuple(dict.fromkeys(found))


def _describe(domain: str | None) -> str:
    return f"Answers questions in {domain}." if domain else "Answers questions."


def _own_cases(start: OwnStart, problems: list[Problem]) -> list[dict[str, str]]:
    """A few items of somebody's own data; the problems of data that cannot be read are added."""
    from expertkit.data.own.loose import first_items
    from expertkit.errors import ConfigError

    try:
        items = first_items(Path(), start.source, start.columns, count=_CASES)
    except ConfigError as error:
        problems.extend(error.problems)
        return []
    return [_case(each) for each in items]


def _case(item: Item) -> dict[str, str]:
    return {"id": item.form, "question": item.question, "context": item.context, "answer": item.answer}


def _cases(domain: str) -> list[dict[str, str]]:
    """A few items of the domain for people; none for a domain that there is not, which the manifest's check tells."""
    from expertkit.data.domain import DOMAINS
    from expertkit.data.domain import domain as find

    if domain not in DOMAINS:
        return []
    return [_case(each) for each in find(domain).generate("dev", count=_CASES, seed=0)]
