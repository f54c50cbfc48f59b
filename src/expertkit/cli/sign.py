"""``expert-cli sign``: the publisher's signature in a package."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from expertkit import layout
from expertkit.cli import options, reading
from expertkit.cli.main import emit

if TYPE_CHECKING:
    from expertkit.packages.report import Judged
    from expertkit.packages.sign import Signer
    from expertkit.packages.writing import Built

_VALID_DAYS = 365


@click.command("sign")
@click.argument("package", required=False, type=options.There(dir_okay=False))
@options.expert(required=False)
@options.base(required=False)
@click.option(
    "--key", type=options.PATH, metavar="KEY",
    help="The private key; by default $EXPERTKIT_KEY or publisher.key in $EXPERTKIT_HOME (~/.expertkit).",
)  # fmt: skip
@click.option(
    "--output", type=options.PATH, metavar="DIR",
    help="Folder for the signed copy of PACKAGE; by default signed/ beside it.",
)  # fmt: skip
@click.option(
    "--valid-days",
    type=click.IntRange(1, 3650),
    metavar="DAYS",
    help=f"Days until the signature of PACKAGE expires, {_VALID_DAYS} if none; an expert's recipe says it for itself.",
)
@click.option("--record-refusal", is_flag=True, help="Pass a refusal on, and succeed.")
@options.as_json
def command(  # noqa: PLR0913  # one argument per option
    package: Path | None, expert: str | None, base: str | None, *, key: Path | None, output: Path | None,
    valid_days: int | None, record_refusal: bool, as_json: bool,
) -> None:  # fmt: skip
    """Sign PACKAGE, or the package of an expert and base into build/signed/<expert>-<base>/.

    Signing the same content again gives the same file: $EXPERTKIT_HOME/ledger.json remembers.
    """
    if package is None:
        if expert is None or base is None or output is not None or valid_days is not None:
            raise click.UsageError("expected PACKAGE, or --expert and --base without --output and --valid-days")
        made = _sign_stage(expert, base, key=key, record_refusal=record_refusal)
    else:
        if expert is not None or base is not None or record_refusal:
            raise click.UsageError("expected PACKAGE without --expert, --base and --record-refusal")
        made = _sign_file(package, output, key=key, valid_days=valid_days or _VALID_DAYS)
    emit(made.to_json(), as_json=as_json, text=made.describe())


def _sign_stage(expert: str, base: str, *, key: Path | None, record_refusal: bool) -> Built | Judged:
    from expertkit.packages.sign import sign_package
    from expertkit.recipes import read_recipe

    recipe = read_recipe(Path(), expert, base)
    signer = make_signer(key, valid_days=recipe.sign.valid_days, project=True)
    return sign_package(Path(), recipe, signer=signer, record_refusal=record_refusal)


def _sign_file(package: Path, output: Path | None, *, key: Path | None, valid_days: int) -> Built:
    from expertkit.packages.sign import sign_file

    reading.tell_forms(package)
    signer = make_signer(key, valid_days=valid_days)
    return sign_file(package, output=output or package.parent / "signed", whole=False, signer=signer)


def make_signer(key: Path | None, *, valid_days: int, project: bool = False) -> Signer:
    """The private key with the publisher it belongs to; the project's must be the one it publishes."""
    from expertkit.errors import SignatureError
    from expertkit.packages.sign import Signer
    from expertkit.signing import keys

    path = key or keys.key_path(os.environ)
    private = keys.load(path)
    public = keys.public_key(private, publisher=keys.publisher_of(path) or "local publisher")
    if project:
        published = keys.load_public(layout.PUBLISHER)
        if published.raw != public.raw:
            message = f"{layout.PUBLISHER}: expected the public half of {path}, got another key"
            raise SignatureError(message, hint="expert-cli keygen --ensure")
        public = published
    return Signer(
        private=private, public=public, ledger=keys.signer_home(os.environ) / "ledger.json",
        at=datetime.now(UTC), valid_days=valid_days,
    )  # fmt: skip
