"""``expert-cli promote``: what is in dist/, made the released version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from expertkit.cli import options, trusting
from expertkit.cli.main import emit

if TYPE_CHECKING:
    from expertkit.packages.releasing.promotion import Promotion


@click.command("promote")
@click.argument("experts", metavar="[EXPERT]...", nargs=-1)
@trusting.publisher
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@options.as_json
def command(experts: tuple[str, ...], *, key: Path, dry_run: bool, as_json: bool) -> None:
    """Make what dist/ holds of each EXPERT, or of all, the released version.

    Every package is verified and kept in releases/packages/, named by its content digest; releases/releases.json and
    `previous` in params.yaml say so, and belong into git. All or nothing: exit status 12 says that a pair was refused,
    or its version was released before with other content, and 5 that nothing is wrong but that a package does not
    verify.
    """
    from expertkit.cli.log import append_promoted
    from expertkit.packages.releasing.promotion import plan_promotion, promote

    promotion = plan_promotion(Path(), experts, verifier=trusting.make_verifier(key, is_kept=False))
    if not dry_run:
        promote(Path(), promotion)
        append_promoted(promotion, key=key)
    emit({**promotion.to_json(), "dry_run": dry_run}, as_json=as_json, text=_lines(promotion, dry_run=dry_run))


def _lines(promotion: Promotion, *, dry_run: bool) -> list[str]:
    done = "would be promoted" if dry_run else "promoted"
    new = [f"{each.describe()}: {done}, content digest {each.content_digest}" for each in promotion.new]
    return new + [f"{each.describe()}: promoted before" for each in promotion.known]
