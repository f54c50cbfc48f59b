"""``expert-cli export``: a package's members with a signature for other tools."""

from __future__ import annotations

from pathlib import Path

import click

from expertkit.cli import options, reading, trusting
from expertkit.cli.main import emit


@click.command("export")
@click.argument("package", type=options.There(dir_okay=False))
@click.option("--oms", is_flag=True, required=True, help="Sign as OpenSSF model signing (OMS) does.")
@click.option(
    "--key", type=options.PATH, required=True, metavar="KEY",
    help="The private key, of the curve P-256: expert-cli keygen --p256 makes one.",
)  # fmt: skip
@click.option(
    "--output", type=options.PATH, default="exported", show_default=True, metavar="DIR",
    help="Folder for the members' folder and model.sig.",
)  # fmt: skip
@trusting.trusted_key
@trusting.allow_older
@trusting.unsigned
@options.as_json
def command(  # noqa: PLR0913  # one argument per option
    package: Path, *, oms: bool, key: Path, output: Path, trusted_key: Path | None, allow_older: bool, unsigned: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Write the members of PACKAGE into a folder named like it, and a signature of yours beside it, as model.sig.

    Who has the public key KEY.pub then verifies the folder with the tool model_signing. Only a package
    that somebody vouches for whom you trust is exported, unless --unsigned says otherwise.

    Example: expert-cli export dist/expert-sql-qwen3-tiny.v1.0.0.expert --oms --key p256.pem --output exported
    """
    from expertkit.packages.signing.model_signing import export
    from expertkit.signing import keys

    if not oms:
        raise click.UsageError("expected --oms, the one form there is")
    reading.tell_forms(package)
    verifier = trusting.make_unless(unsigned=unsigned, pinned=trusted_key, packages=[package], allow_older=allow_older)
    contents = trusting.take(package, verifier)
    exported = export(package, contents=contents, output=output, private=keys.load_p256(key))
    emit(exported.to_json(), as_json=as_json, text=exported.describe())
