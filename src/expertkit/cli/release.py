"""``expert-cli release``: the signed packages collected in dist/."""

from __future__ import annotations

from pathlib import Path

import click

from expertkit.cli import options, trusting
from expertkit.cli.main import emit


@click.command("release")
@trusting.publisher
@click.option("--record-refusal", is_flag=True, help="Succeed even when an expert was refused.")
@options.as_json
def command(*, key: Path, record_refusal: bool, as_json: bool) -> None:
    """Collect build/signed/ into dist/ with an index, and print the table of all verdicts.

    Exit status 1 says that an expert was refused; the others are released all the same.
    """
    from expertkit.cli.table import render
    from expertkit.packages.releasing.promotion import clashes
    from expertkit.packages.releasing.release import release
    from expertkit.recipes.releases import read_releases

    releases = release(Path(), verifier=trusting.make_verifier(key, is_kept=False))
    page = render(releases, warnings=clashes(releases, read_releases(Path())))
    emit({"releases": [each.to_json() for each in releases]}, as_json=as_json, text=page)
    if not record_refusal and any(each.package is None for each in releases):
        raise SystemExit(1)
