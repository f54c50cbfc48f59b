"""``expert-cli reproduce``: a release made again from what its package tells."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from expertkit.cli import options, reading, trusting
from expertkit.cli.main import emit, say


@click.command("reproduce")
@click.argument("package", type=options.There(dir_okay=False))
@click.option("--keep", type=options.PATH, metavar="FOLDER", help="Make it in this new folder, and leave it there.")
@trusting.key
@trusting.allow_older
@trusting.unsigned
@options.as_json
def command(  # one argument per option
    package: Path, *, keep: Path | None, key: Path | None, allow_older: bool, unsigned: bool, as_json: bool
) -> None:  # fmt: skip
    """Train, compare and pack PACKAGE again with its own sources, recipe and data, and compare the contents.

    Works in a clone of the repository that it comes from, with its base in models/. The sources come from git, as they
    were, into a git worktree beside; no file of this folder is changed. Exit status 1 says that something else came
    out; then what differs is told.

    Example: expert-cli reproduce dist/expert-sql-qwen3-tiny.v1.0.0.expert
    """
    from expertkit.errors import PackagingError
    from expertkit.reproduction.origin import read_origin
    from expertkit.reproduction.outcome import compare
    from expertkit.reproduction.rebuild import rebuild
    from expertkit.reproduction.tree import opened_tree

    if keep is not None and keep.exists():
        raise PackagingError(f"{keep}: expected no such folder yet, got one")
    reading.tell_forms(package)
    verifier = trusting.make_unless(unsigned=unsigned, pinned=key, packages=[package], allow_older=allow_older)
    origin = read_origin(package, verifier=verifier)
    with opened_tree(Path(), origin, folder=keep) as tree:
        rebuild(tree, origin, started=lambda stage: say(stage, err=True))
        outcome = compare(origin, tree)
    emit({"package": str(package), **outcome.to_json()}, as_json=as_json, text=outcome.describe())
    if not outcome.is_identical:
        sys.exit(1)
