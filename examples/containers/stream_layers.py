"""Reads an adapter layer by layer, once it is known who vouches for it.

    python examples/containers/stream_layers.py PACKAGE --key PUBFILE

PACKAGE is a container. It is put into the store first: what lies there nobody changes, so it is mapped and read in
parts.
"""  # noqa: INP001  # a script

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from expertkit.containers.reader import Container
from expertkit.errors import ExpertError
from expertkit.packages.fitting import fitting
from expertkit.packages.store import Store
from expertkit.packages.streaming import Layers, Tensors, accept
from expertkit.packages.vouching.verify import vouch
from expertkit.signing import keys
from expertkit.signing.trust import Verifier

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("package", type=FILE)
@click.option("--key", type=FILE, required=True, help="The publisher's public key.")
@click.option("--store", type=FOLDER, default="build/store", help="A folder that nobody else writes to.")
@click.option("--base", type=FOLDER, help="The base model's folder, to compare the adapter with.")
@click.option("--at", type=click.DateTime(["%Y-%m-%d"]), help="Judge the signature as of this day instead of now.")
def main(package: Path, key: Path, store: Path, base: Path | None, at: datetime | None) -> None:
    """Print every layer of PACKAGE as it becomes ready."""
    moment = at.replace(tzinfo=UTC) if at else datetime.now(UTC)
    try:
        container = open_stored(package, Store(store))
        vouched = vouch(container, verifier=Verifier.of_key(keys.load_public(key), at=moment), file=str(package))
        said = vouched.statement
        click.echo(f"{said.name} {said.version} for {said.base.name}, signed by {said.publisher!r}")
        check = fitting(vouched.manifest, base) if base else accept
        with Layers(container, check=check) as layers:
            for layer, tensors in layers.in_order():
                show(layer, tensors)
    except ExpertError as error:
        raise click.ClickException(str(error)) from error


def open_stored(package: Path, store: Store) -> Container:
    """The package as it lies in the store, mapped; of it only header, metadata and table of contents are read."""
    return Container(store.open(store.put(package)))


def show(layer: int | None, tensors: Tensors) -> None:
    """Print a layer, which was compared with its digest and decoded by now."""
    size = sum(len(tensor.data) for tensor in tensors.values())
    click.echo(f"layer {'none' if layer is None else layer}: {len(tensors)} tensors, {size:,} bytes")
    for name, tensor in tensors.items():
        click.echo(f"  {' x '.join(map(str, tensor.shape)):>8}  {tensor.dtype}  {name}")


if __name__ == "__main__":
    main()
