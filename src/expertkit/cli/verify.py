"""``expert-cli verify``: every byte of a package, who vouches for it, and whether it is the newest."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from expertkit import layout
from expertkit.cli import options, reading, trusting
from expertkit.cli.main import emit


@click.command("verify")
@click.argument("package", type=options.There(dir_okay=False))
@trusting.key
@click.option(
    "--signature", type=options.There(dir_okay=False), metavar="FILE",
    help="Signatures apart from the package; by default PACKAGE.sig where there is one.",
)  # fmt: skip
@click.option(
    "--at", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"]), metavar="TIME",
    help="Judge as of this time (UTC) instead of now, and remember nothing.",
)  # fmt: skip
@trusting.allow_older
@click.option(
    "--replay", type=click.IntRange(1, 64), metavar="N",
    help="Also ask the expert in PACKAGE again, and compare the first N recorded answers.",
)  # fmt: skip
@click.option(
    "--base-folder", type=options.There(file_okay=False), metavar="DIR",
    help="Where the base model lies that --replay asks; by default models/<base>.",
)  # fmt: skip
@options.as_json
def command(  # noqa: PLR0913  # one argument per option
    package: Path, *, key: Path | None, signature: Path | None, at: datetime | None, allow_older: bool,
    replay: int | None, base_folder: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Check every hash in PACKAGE, its one byte form, and who vouches for it; exit status 5 says what is wrong.

    What is accepted is remembered, where you have said whom you trust: an older package is refused from then on.

    Example: expert-cli verify dist/expert-sql-qwen3-tiny.v1.0.0.expert
    """
    from expertkit.errors import IntegrityError, SignatureError
    from expertkit.packages.vouching import verdict
    from expertkit.packages.vouching.verify import verify

    if base_folder is not None and replay is None:
        raise click.UsageError("expected --base-folder with --replay")
    reading.tell_forms(package)
    moment = at.replace(tzinfo=UTC) if at else None
    try:
        verifier = trusting.make_verifier(key, at=moment, allow_older=allow_older, is_kept=at is None)
        verified = verify(package, verifier=verifier, detached=signature)
    except (SignatureError, IntegrityError) as error:
        if as_json:
            refused = {"verdict": "refused", "valid": False, "file": str(package), "reasons": list(error.lines)}
            emit({**refused, "hint": error.hint}, as_json=True, text=())
        raise
    is_kept = at is None and trusting.open_store().path.exists()
    facts = verdict.facts(package, verified, occasion=verifier.occasion, is_kept=is_kept)
    lines = list(verdict.render(facts))
    if replay is not None:
        from expertkit.evaluation.replay import replay as ask

        folder = base_folder or layout.MODELS / verified.statement.base.name
        replayed = ask(package, folder=folder, count=replay)
        if replayed.content_digest != verified.contents.content_digest:
            raise IntegrityError(f"{package}: expected the one that was verified, got another", hint="try again")
        facts, lines = {**facts, "replayed": replayed.items}, [*lines, f"replay      {replayed.describe()}"]
    emit(facts, as_json=as_json, text=lines)
