"""``expert-cli verify``: every byte of a package, and who vouches for it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from expertkit import layout
from expertkit.cli import options, reading
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
@click.option(
    "--replay", type=click.IntRange(1, 64), metavar="N",
    help="Also ask the expert in PACKAGE again, and compare the first N recorded answers.",
)  # fmt: skip
@click.option(
    "--base-folder", type=options.There(file_okay=False), metavar="DIR",
    help="Where the base model lies that --replay asks; by default models/<base>.",
)  # fmt: skip
@options.as_json
def command(  # one argument per option
    package: Path, *, key: Path, at: datetime | None, replay: int | None, base_folder: Path | None, as_json: bool
) -> None:
    """Check every hash in PACKAGE, its one byte form, and its signature; exit status 5 says that something is wrong.

    Example: expert-cli verify dist/expert-sql-qwen3-tiny.v1.0.0.expert --key build/publisher.pub
    """
    from expertkit.errors import IntegrityError
    from expertkit.packages.verify import verify
    from expertkit.signing import keys

    if base_folder is not None and replay is None:
        raise click.UsageError("expected --base-folder with --replay")
    reading.tell_forms(package)
    moment = at.replace(tzinfo=UTC) if at else datetime.now(UTC)
    verified = verify(package, trusted=keys.load_public(key), at=moment)
    facts, lines = verified.to_json(), [f"{package}: {verified.describe()}"]
    if replay is not None:
        from expertkit.evaluation.replay import replay as ask

        folder = base_folder or layout.MODELS / verified.statement.base.name
        replayed = ask(package, folder=folder, count=replay)
        if replayed.content_digest != verified.contents.content_digest:
            raise IntegrityError(f"{package}: expected the one that was verified, got another", hint="try again")
        facts, lines = {**facts, "replayed": replayed.items}, [*lines, f"{package}: {replayed.describe()}"]
    emit(facts, as_json=as_json, text=lines)
