"""``expert-cli unpack``: a package's members as files."""

from __future__ import annotations

from pathlib import Path

import click

from expertkit.cli import options, reading, trusting
from expertkit.cli.main import emit


@click.command("unpack")
@click.argument("package", type=options.There(dir_okay=False))
@click.argument("target", type=options.PATH)
@click.option("--compatible", is_flag=True, help="Also unpack what other programs packed, without pickles.")
@trusting.key
@trusting.allow_older
@trusting.unsigned
@options.as_json
def command(  # noqa: PLR0913  # one argument per option
    package: Path, target: Path, *, compatible: bool, key: Path | None, allow_older: bool, unsigned: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Write the members of PACKAGE into the new folder TARGET, which is there only when all of them are right.

    Only a package that somebody vouches for whom you trust is unpacked, unless --unsigned says otherwise; nobody can
    vouch for what --compatible reads besides.

    Example: expert-cli unpack dist/expert-sql-qwen3-tiny.v1.0.0.expert sql
    """
    from expertkit.packages.reading.unpack import unpack

    reading.tell_forms(package)
    verifier = trusting.make_unless(unsigned=unsigned, pinned=key, packages=[package], allow_older=allow_older)
    contents = trusting.take(package, verifier, compatible=compatible)
    members = unpack(package, target, contents=contents)
    facts = {"package": str(package), "path": str(target), "members": members}
    emit(facts, as_json=as_json, text=f"{target}: {members} members of {package}")
