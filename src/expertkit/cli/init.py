"""``expert-cli init``: the folder of a new expert."""

from __future__ import annotations

from pathlib import Path

import click

from expertkit import layout
from expertkit.cli.main import emit
from expertkit.cli.options import as_json

_CASES = 3


@click.command("init")
@click.argument("name")
@click.option(
    "--base", "--model", "bases", multiple=True, metavar="NAME",
    help="A base model the expert is for; may be given several times. By default those of params.yaml.",
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
    from expertkit.errors import ConfigError, PackagingError, Problem
    from expertkit.fields import Place, show
    from expertkit.recipes.base_models import base_names
    from expertkit.recipes.params import read_params
    from expertkit.recipes.skeleton import NewExpert, find_problems, write_expert

    problems: list[Problem] = []
    if not bases:
        params = read_params(Path(), problems)
        if params is None or problems:
            raise ConfigError(problems, hint="or name the bases with --base")
        bases = params.bases
    for base in bases:
        if base not in base_names(Path()):
            place = Place("expert-cli init", problems, "--base")
            place.wrong(f"a base model of {layout.BASE_MODELS}/", show(base), known=base_names(Path()), word=base)
    folder = layout.EXPERTS / name
    if folder.exists():
        raise PackagingError(f"{folder}: expected no such folder yet, got one")
    said = description or f"Answers questions in {domain}."
    expert = NewExpert(
        name=name, description=said, domain=domain, bases=bases, license=spdx, cases=_cases(domain)
    )  # fmt: skip
    problems += find_problems(expert, file=str(folder / "manifest.json"))
    if problems:
        raise ConfigError(problems)
    write_expert(folder, expert)
    emit({"expert": name, "path": str(folder)}, as_json=as_json, text=f"{folder}: made; expert-cli validate {folder}")


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
