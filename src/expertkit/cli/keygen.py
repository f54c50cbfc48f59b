"""``expert-cli keygen``: a publisher's key pair."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from expertkit import layout
from expertkit.cli import trusting
from expertkit.cli.main import emit, say
from expertkit.cli.options import as_json

if TYPE_CHECKING:
    from expertkit.signing import PublicKey

_NAME = "local publisher"


@click.command("keygen")
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False, readable=False), metavar="KEY",
    help="The private key's file; by default $EXPERTKIT_KEY or publisher.key in $EXPERTKIT_HOME (~/.expertkit).",
)  # fmt: skip
@click.option(
    "--publisher", "--name", "name", metavar="NAME",
    help=f"The publisher's name, shown to those who verify; {_NAME!r} if none.",
)  # fmt: skip
@click.option(
    "--passphrase/--no-passphrase", "encrypted", default=None,
    help="Encrypt the private key, as happens without either flag, or leave it open to whoever reads the file.",
)  # fmt: skip
@click.option(
    "--ensure", is_flag=True,
    help=f"Make a key only where there is none, without a passphrase, have a local root vouch for "
    f"it where nobody else does, and write {layout.PUBLISHER} and {layout.CERTIFICATES}.",
)  # fmt: skip
@click.option("--p256", is_flag=True, help="Make a key of the curve P-256, for expert-cli export --oms.")
@as_json
def command(
    *, output: Path | None, name: str | None, encrypted: bool | None, ensure: bool, p256: bool, as_json: bool
) -> None:  # fmt: skip
    """Make an Ed25519 key pair; a key that is there is never overwritten.

    The passphrase is the first line of the file that $EXPERTKIT_PASSPHRASE_FILE names, or is asked for twice on the
    terminal. The public key is written beside the private one, as KEY with the suffix .pub.
    """
    if p256:
        if output is None or ensure or name is not None:
            raise click.UsageError("expected --p256 with --output, and without --ensure and --publisher")
        _make_p256(output, encrypted=encrypted is not False, as_json=as_json)
    else:
        _make(output, name, encrypted=not ensure if encrypted is None else encrypted, ensure=ensure, as_json=as_json)


def _make(output: Path | None, name: str | None, *, encrypted: bool, ensure: bool, as_json: bool) -> None:
    from expertkit.signing import keys

    reference = output or keys.key_reference(os.environ)
    path = output or keys.key_path(os.environ)
    is_device = keys.is_hardware(reference)
    if is_device and not ensure:
        raise click.UsageError("expected the tools of the device to make a key in it: $EXPERTKIT_KEY names one")
    made = not is_device and not (ensure and path.exists())
    known = None if made else keys.publisher_of(path)
    publisher = known or name or _NAME
    if name is not None and name != publisher:
        raise click.UsageError(f"{path} is the key of {known!r}: expected no other name, got {name!r}")
    if made:
        keys.create(path, publisher=publisher, passphrase=_passphrase(path, encrypted=encrypted))
        say(f"made the key {path} for publisher {publisher!r}; keep it secret and keep a copy", err=True)
        _warn_if_open(path, encrypted=encrypted)
    beside = keys.public_path(path)
    if not known and not made:
        _write_if_changed(beside, str(keys.public_key(keys.open_key(reference), publisher=publisher)).encode())
    public = keys.load_public(beside)
    if ensure:
        _write_if_changed(layout.PUBLISHER, str(public).encode())
        _write_if_changed(layout.CERTIFICATES, _certify(path, public, reference=reference))
    value = {"key": str(reference), "id": public.id, "publisher": publisher, "made": made}
    emit(value, as_json=as_json, text=str(public).strip())


def _certify(path: Path, public: PublicKey, *, reference: str | Path) -> bytes:
    """The certificates of the key as a file; where nobody vouches for it yet, a local root does."""
    from expertkit.packages.signing.local_root import certify, local_root
    from expertkit.signing import keys
    from expertkit.signing.certificates.reading import to_pem

    chain, notes = certify(
        keys.certificates_path(path), public, private=lambda: keys.open_key(reference), root=local_root(os.environ),
        store=trusting.open_store(), at=datetime.now(UTC),
    )  # fmt: skip
    for note in notes:
        say(note, err=True)
    return to_pem(chain)


def _make_p256(path: Path, *, encrypted: bool, as_json: bool) -> None:
    from expertkit.signing import keys, model_signing

    private = keys.create_p256(path, passphrase=_passphrase(path, encrypted=encrypted))
    say(f"made the key {path}; keep it secret and keep a copy", err=True)
    _warn_if_open(path, encrypted=encrypted)
    public = model_signing.public_pem(private.public_key())
    value = {"key": str(path), "id": model_signing.key_hint(private.public_key()), "made": True}
    emit(value, as_json=as_json, text=public.decode().splitlines())


def _passphrase(path: Path, *, encrypted: bool) -> bytes | None:
    """What encrypts a new key, once its place is known to be free."""
    from expertkit.signing import keys
    from expertkit.signing.keys import passphrases

    keys.check_free(path, keys.public_path(path))
    if not encrypted:
        return None
    if not passphrases.is_at_hand():
        raise click.UsageError(
            f"{path}: expected a passphrase: run this on a terminal, which asks for it, name a file of mode 0600 that "
            f"holds it in ${passphrases.VARIABLE}, or say --no-passphrase"
        )
    return passphrases.choose(path)


def _warn_if_open(path: Path, *, encrypted: bool) -> None:
    if not encrypted:
        say(f"Warning: {path} has no passphrase: whoever reads the file can sign with it", err=True)


def _write_if_changed(path: Path, data: bytes) -> None:
    """Leave a file of the same content alone: stages depend on it."""
    from expertkit.files import write_bytes

    if not path.is_file() or path.read_bytes() != data:
        write_bytes(path, data)
