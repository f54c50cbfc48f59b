"""``expert-cli verify``: every byte of a package, and who vouches for it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from expertkit import layout
from expertkit.cli import options
from expertkit.cli.main import emit


@click.command("verify")
@click.argument("package", type=options.There(dir_okay=False))
@click.option(
    "--key", type=options.PATH, default=layout.PUBLISHER, show_default=True, metavar="PUBFILE",
    help="The public key you trust; the package's own word for itself proves nothing.",
)  # fmt: skip
@click.option(
    "--at", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"]), metavar="TIME",
    help="Judge expiry as of this time (UTC) instead of now.",
)  # fmt: skip
@options.as_json
def command(package: Path, *, key: Path, at: datetime | None, as_json: bool) -> None:
    """Check every hash in PACKAGE, its one byte form, and its signature; exit status 5 says that something is wrong.

    Example: expert-cli verify dist/expert-sql-qwen3-tiny.v1.0.0.expert --key build/publisher.pub
    """
    from expertkit.packages.verify import verify
    from expertkit.signing import keys

    moment = at.replace(tzinfo=UTC) if at else datetime.now(UTC)
    verified = verify(package, trusted=keys.load_public(key), at=moment)
    emit(verified.to_json(), as_json=as_json, text=f"{package}: {verified.describe()}")
