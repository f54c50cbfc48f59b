"""``expert-cli promote``: what is in dist/, made the released version."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from expertkit import layout
from expertkit.cli import options
from expertkit.cli.main import emit

if TYPE_CHECKING:
    from expertkit.packages.promotion import Promotion


@click.command("promote")
@click.argument("experts", metavar="[EXPERT]...", nargs=-1)
@click.option("--key", type=options.PATH, default=layout.PUBLISHER, show_default=True, help="Who must have signed.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@options.as_json
def command(experts: tuple[str, ...], *, key: Path, dry_run: bool, as_json: bool) -> None:
    """Make what dist/ holds of each EXPERT, or of all, the released version.

    Every package is verified and kept in releases/packages/, named by its content digest; releases/releases.json and
    `previous` in params.yaml say so, and belong into git. All or nothing: exit status 12 says that a pair was refused,
    a package does not verify, or its version was released before with other content.
    """
    from expertkit.packages.promotion import plan_promotion, promote
    from expertkit.signing import keys

    promotion = plan_promotion(Path(), experts, trusted=keys.load_public(key), at=datetime.now(UTC))
    if not dry_run:
        promote(Path(), promotion)
    emit({**promotion.to_json(), "dry_run": dry_run}, as_json=as_json, text=_lines(promotion, dry_run=dry_run))


def _lines(promotion: Promotion, *, dry_run: bool) -> list[str]:
    done = "would be promoted" if dry_run else "promoted"
    new = [f"{each.describe()}: {done}, content digest {each.content_digest}" for each in promotion.new]
    return new + [f"{each.describe()}: promoted before" for each in promotion.known]
