"""``expert-cli unpack``: a package's members as files."""

from __future__ import annotations

from pathlib import Path

import click

from expertkit.cli import options, reading
from expertkit.cli.main import emit, warn


@click.command("unpack")
@click.argument("package", type=options.There(dir_okay=False))
@click.argument("target", type=options.PATH)
@click.option("--compatible", is_flag=True, help="Also unpack what other programs packed, without pickles.")
@options.as_json
def command(package: Path, target: Path, *, compatible: bool, as_json: bool) -> None:
    """Write the members of PACKAGE into the new folder TARGET, which is there only when all of them are right.

    The signature is not checked: that is expert-cli verify.

    Example: expert-cli unpack dist/expert-sql-qwen3-tiny.v1.0.0.expert sql
    """
    from expertkit.packages.reading.opening import open_expert
    from expertkit.packages.reading.unpack import unpack

    reading.tell_forms(package)
    opened = open_expert(package, compatible=compatible)
    if opened.package is None:
        raise click.UsageError(f"{package}: expected a package, got a {opened.kind}")
    warn(opened.reading.warnings)
    members = unpack(package, target, contents=opened.package.contents)
    facts = {"package": str(package), "path": str(target), "members": members}
    emit(facts, as_json=as_json, text=f"{target}: {members} members of {package}")
