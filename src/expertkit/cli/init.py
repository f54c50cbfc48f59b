"""``expert-cli init``: the folder of a new expert."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from expertkit import layout
from expertkit.cli.main import emit
from expertkit.cli.options import as_json

if TYPE_CHECKING:
    from expertkit.errors import Problem

_CASES = 3


@click.command("init")
@click.argument("name")
@click.option(
    "--base", "--model", "bases", multiple=True, metavar="NAME",
    help="A base model the expert is for, however spelled; may be given again. By default those of params.yaml.",
)  # fmt: skip
@click.option("--domain", default="sql", show_default=True, help="The generator of its data, and its grader.")
@click.option("--description", metavar="TEXT", help="What it does, in one sentence.")
@click.option("--license", "spdx", default="MIT", show_default=True, metavar="SPDX", help="Its licence's identifier.")
@as_json
def command(
    name: str, bases: tuple[str, ...], *, domain: str, description: str | None, spdx: str, as_json: bool
) -> None:  # fmt: skip
    """Make experts/NAME with a manifest of schema 2.0 and everything that the release line asks for.

    Add NAME to params.yaml, and its manifest to the stage recipes of dvc.yaml, to release it.

    Example: expert-cli init expert-billing --domain sql
    """
    from expertkit.errors import ConfigError, PackagingError
    from expertkit.recipes.skeleton import NewExpert, find_problems, write_expert

    problems: list[Problem] = []
    expert = NewExpert(
        name=name,
        description=f"Answers questions in {domain}." if description is None else description,
        domain=domain,
        bases=_bases(bases, problems),
        license=spdx,
        cases=_cases(domain),
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


def _cases(domain: str) -> list[dict[str, str]]:
    """A few items of the domain for people; none for a domain that there is not, which the manifest's check tells."""
    from expertkit.data.domain import DOMAINS
    from expertkit.data.domain import domain as find

    if domain not in DOMAINS:
        return []
    items = find(domain).generate("dev", count=_CASES, seed=0)
    return [
        {"id": each.form, "question": each.question, "context": each.context, "answer": each.answer} for each in items
    ]
