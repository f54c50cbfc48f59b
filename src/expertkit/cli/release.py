"""``expert-cli release``: the signed packages collected in dist/."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from expertkit import layout
from expertkit.cli import options
from expertkit.cli.main import emit


@click.command("release")
@click.option("--key", type=options.PATH, default=layout.PUBLISHER, show_default=True, help="Who must have signed.")
@click.option("--record-refusal", is_flag=True, help="Succeed even when an expert was refused.")
@options.as_json
def command(*, key: Path, record_refusal: bool, as_json: bool) -> None:
    """Collect build/signed/ into dist/ with an index, and print the table of all verdicts.

    Exit status 1 says that an expert was refused; the others are released all the same.
    """
    from expertkit.cli.table import render
    from expertkit.packages.promotion import clashes
    from expertkit.packages.release import release
    from expertkit.recipes.releases import read_releases
    from expertkit.signing import keys

    releases = release(Path(), trusted=keys.load_public(key), at=datetime.now(UTC))
    page = render(releases, warnings=clashes(releases, read_releases(Path())))
    emit({"releases": [each.to_json() for each in releases]}, as_json=as_json, text=page)
    if not record_refusal and any(each.package is None for each in releases):
        raise SystemExit(1)
