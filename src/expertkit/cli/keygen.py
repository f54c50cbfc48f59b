"""``expert-cli keygen``: a publisher's key pair."""

from __future__ import annotations

import os
from pathlib import Path

import click

from expertkit import layout
from expertkit.cli.main import emit, say
from expertkit.cli.options import as_json

_NAME = "local publisher"


@click.command("keygen")
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False, readable=False), metavar="KEY",
    help="The private key's file; by default $EXPERTKIT_KEY or publisher.key in $EXPERTKIT_HOME (~/.expertkit).",
)  # fmt: skip
@click.option(
    "--name", metavar="PUBLISHER", help=f"The publisher's name, shown to those who verify; {_NAME!r} if none."
)
@click.option("--ensure", is_flag=True, help=f"Make a key only where there is none, and write {layout.PUBLISHER}.")
@as_json
def command(*, output: Path | None, name: str | None, ensure: bool, as_json: bool) -> None:
    """Make an Ed25519 key pair; a key that is there is never overwritten.

    The public key is written beside the private one, as KEY with the suffix .pub.
    """
    from expertkit.signing import keys

    path = output or keys.key_path(os.environ)
    made = not (ensure and path.exists())
    known = None if made else keys.publisher_of(path)
    publisher = known or name or _NAME
    if name is not None and name != publisher:
        raise click.UsageError(f"{path} is the key of {known!r}: expected no other name, got {name!r}")
    private = keys.create(path, publisher=publisher) if made else keys.load(path)
    public = keys.public_key(private, publisher=publisher)
    if ensure:
        _write_if_changed(layout.PUBLISHER, str(public).encode())
    if made:
        say(f"made the key {path} for publisher {publisher!r}; keep it secret and keep a copy", err=True)
    value = {"key": str(path), "id": public.id, "publisher": publisher, "made": made}
    emit(value, as_json=as_json, text=str(public).strip())


def _write_if_changed(path: Path, data: bytes) -> None:
    """Leave a file of the same content alone: stages depend on it."""
    from expertkit.files import write_bytes

    if not path.is_file() or path.read_bytes() != data:
        write_bytes(path, data)
