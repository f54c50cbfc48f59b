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
    from expertkit.packages.signing.sign import Signer
    from expertkit.packages.writing import Built
    from expertkit.signing import PublicKey

_VALID_DAYS = 365


@click.command("sign")
@click.argument("package", required=False, type=options.There(dir_okay=False))
@options.expert(required=False)
@options.base(required=False)
@click.option(
    "--key", metavar="KEY",
    help="The private key, a file or a pkcs11: URI; by default $EXPERTKIT_KEY or publisher.key in $EXPERTKIT_HOME "
    "(~/.expertkit).",
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
@click.option("--add", is_flag=True, help="Keep the signatures of other keys that are in PACKAGE.")
@click.option("--detached", is_flag=True, help="Write the signature beside PACKAGE, as PACKAGE.sig, and no copy.")
@click.option("--record-refusal", is_flag=True, help="Pass a refusal on, and succeed.")
@options.as_json
def command(  # noqa: PLR0913  # one argument per option
    package: Path | None, expert: str | None, base: str | None, *, key: str | None, output: Path | None,
    valid_days: int | None, add: bool, detached: bool, record_refusal: bool, as_json: bool,
) -> None:  # fmt: skip
    """Sign PACKAGE, or the package of an expert and base into build/signed/<expert>-<base>/.

    Signing the same content again gives the same file: $EXPERTKIT_HOME/ledger.json remembers. The certificates that
    lie beside the key, as KEY with the suffix .crt, travel with the signature.
    """
    if package is None:
        if expert is None or base is None or output is not None or valid_days is not None or add or detached:
            raise click.UsageError("expected PACKAGE, or --expert and --base without the options of a PACKAGE")
        made = _sign_stage(expert, base, key=key, record_refusal=record_refusal)
    else:
        if expert is not None or base is not None or record_refusal:
            raise click.UsageError("expected PACKAGE without --expert, --base and --record-refusal")
        if detached and (output is not None or add):
            raise click.UsageError(
                "expected --detached, which keeps other keys' signatures, without --output and --add"
            )
        reading.tell_forms(package)
        signer = make_signer(key, valid_days=valid_days or _VALID_DAYS)
        if detached:
            _sign_beside(package, signer=signer, as_json=as_json)
            return
        made = _sign_file(package, output or package.parent / "signed", signer=signer, is_added=add)
    emit(made.to_json(), as_json=as_json, text=made.describe())


def _sign_stage(expert: str, base: str, *, key: str | None, record_refusal: bool) -> Built | Judged:
    from expertkit.packages.signing.sign import sign_package
    from expertkit.recipes import read_recipe

    recipe = read_recipe(Path(), expert, base)
    signer = make_signer(key, valid_days=recipe.sign.valid_days, project=True)
    return sign_package(Path(), recipe, signer=signer, record_refusal=record_refusal)


def _sign_file(package: Path, output: Path, *, signer: Signer, is_added: bool) -> Built:
    from expertkit.packages.signing.sign import sign_file

    return sign_file(package, output=output, whole=False, signer=signer, is_added=is_added)


def _sign_beside(package: Path, *, signer: Signer, as_json: bool) -> None:
    from expertkit.packages.signing.sign import sign_detached

    path = sign_detached(package, signer=signer)
    emit({"package": str(package), "signature": str(path)}, as_json=as_json, text=f"{path}: signature of {package}")


def make_signer(key: str | Path | None, *, valid_days: int, project: bool = False) -> Signer:
    """The private key with its publisher and certificates; the project's must be those that it publishes.

    Raises:
        SignatureError: there is no key, or not the project's.
    """
    from expertkit.packages.signing.sign import Signer
    from expertkit.signing import keys
    from expertkit.signing.certificates.reading import read_pem

    path = key or keys.key_reference(os.environ)
    beside = keys.key_path(os.environ) if keys.is_hardware(path) else Path(path)
    private = keys.open_key(path)
    public = keys.public_key(private, publisher=keys.publisher_of(beside) or "local publisher")
    certificates = keys.certificates_path(beside)
    chain = certificates.read_bytes() if certificates.is_file() else b""
    if project:
        public = _check_published(public, chain, path=path)
    return Signer(
        private=private, public=public, ledger=keys.signer_home(os.environ) / "ledger.json", at=datetime.now(UTC),
        valid_days=valid_days, chain=read_pem(chain, what=str(certificates)) if chain else (),
    )  # fmt: skip


def _check_published(public: PublicKey, chain: bytes, *, path: str | Path) -> PublicKey:
    """The publisher that the project names, if key and certificates are those."""
    from expertkit.errors import SignatureError
    from expertkit.signing import keys

    hint = "expert-cli keygen --ensure"
    published = keys.load_public(layout.PUBLISHER)
    if published.raw != public.raw:
        raise SignatureError(f"{layout.PUBLISHER}: expected the public half of {path}, got another key", hint=hint)
    if (layout.CERTIFICATES.read_bytes() if layout.CERTIFICATES.is_file() else b"") != chain:
        message = f"{layout.CERTIFICATES}: expected the certificates of {path}, got others"
        raise SignatureError(message, hint=hint)
    return published
