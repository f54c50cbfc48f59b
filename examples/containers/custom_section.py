"""Adds a section of one's own to a package, and reads it back by its name.

    python examples/containers/custom_section.py PACKAGE FILE --output FOLDER

FILE is JSON of any kind, and becomes the section ``custom/<its name>``. The package may have either form; the new one
is a container that nobody has signed, as a signature is about all members.
"""  # noqa: INP001  # a script

from __future__ import annotations

import json
from pathlib import Path

import click

from expertkit.containers import kinds
from expertkit.containers.sources import Held
from expertkit.containers.writer import Options
from expertkit.errors import ExpertError
from expertkit.files import dump_json
from expertkit.members.names import SIGNATURE
from expertkit.packages.making.description import integrity
from expertkit.packages.names import CUSTOM, MANIFEST
from expertkit.packages.reading.canonical import open_canonical
from expertkit.packages.reading.container import open_container
from expertkit.packages.reading.forms import open_parts
from expertkit.packages.writing import Built, write_container, write_package


@click.command()
@click.argument("package", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), required=True, help="Where to, a folder.")
def main(package: Path, file: Path, output: Path) -> None:
    """Add FILE to PACKAGE, and show what the new package has in it."""
    name, data = CUSTOM + file.name, file.read_bytes()
    try:
        json.loads(data)  # raises before anything is written
        built = write({**read_members(package), name: data}, output / package.name)
        click.echo(built.describe())
        show(built.path, name)
    except (ExpertError, ValueError) as error:
        raise click.ClickException(str(error)) from error


def read_members(package: Path) -> dict[str, bytes]:
    """The members of a package that was checked whole, without its signature."""
    form = open_canonical(package).contents.form
    with open_parts(package, form=form) as parts:
        return {part.name: b"".join(part.chunks) for part in parts if part.name != SIGNATURE}


def write(members: dict[str, bytes], path: Path) -> Built:
    """Write a container of members; its manifest names every other one with its hash."""
    others = {name: data for name, data in members.items() if name != MANIFEST}
    manifest = {**json.loads(members[MANIFEST]), "integrity": integrity(others)}
    sources = {name: Held(data) for name, data in {**others, MANIFEST: dump_json(manifest)}.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_package(path, lambda file: write_container(file, sources, options=Options()))


def show(package: Path, name: str) -> None:
    """Print a section, and how many sections a reader has to know."""
    with open_container(package) as container:
        entries = {entry.name: entry for entry in container.entries}
        value = json.loads(bytes(container.read(entries[name])))
        critical = [entry for entry in container.entries if kinds.is_critical(entry.type)]
        click.echo(f"{name}: {json.dumps(value)}")
        click.echo(f"type {entries[name].type}, which a reader may pass over; {len(critical)} sections that it may not")


if __name__ == "__main__":
    main()
