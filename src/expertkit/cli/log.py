"""``expert-cli log``: what was signed and released, in a log that only grows."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from expertkit import layout
from expertkit.cli import options
from expertkit.cli.main import emit, say

if TYPE_CHECKING:
    from expertkit.packages.releasing.promotion import Promotion
    from expertkit.packages.signing.sign import Signer
    from expertkit.packages.vouching.transparency import Log
    from expertkit.signing.transparency import Entry

_UNUSED_DAYS = 1
_RIGHT = {"index"}
_COLUMNS = ("index", "expert", "version", "base", "form", "content digest", "key", "envelope")

_trusted = click.option(
    "--key", type=options.PATH, default=layout.PUBLISHER, show_default=True, metavar="PUBFILE",
    help="The public key of the log that you trust.",
)  # fmt: skip


@click.group("log")
def command() -> None:
    """Keep the append-only log of releases: releases/log.jsonl, and its signed state in releases/log.checkpoint."""


@command.command("show")
@options.as_json
def show(*, as_json: bool) -> None:
    """Print the entries and what the checkpoint says; whether that is true, `log check` tells."""
    from dataclasses import asdict

    from expertkit.cli.table import Row, draw
    from expertkit.packages.vouching.transparency import read_unverified

    log = read_unverified(Path())
    rows = [Row(cells=_row(index, each), is_bad=False) for index, each in enumerate(log.entries)]
    facts = {"entries": [asdict(each) for each in log.entries], "checkpoint": _state(log)}
    emit(facts, as_json=as_json, text=[*draw(_COLUMNS, rows, right=_RIGHT, color=False), _describe(log)])


@command.command("append")
@click.argument("packages", metavar="PACKAGE...", nargs=-1, required=True, type=options.There(dir_okay=False))
@click.option(
    "--key", metavar="KEY",
    help="The private key, a file or a pkcs11: URI; by default $EXPERTKIT_KEY or publisher.key in $EXPERTKIT_HOME "
    "(~/.expertkit).",
)  # fmt: skip
@options.as_json
def append(packages: tuple[Path, ...], *, key: str | None, as_json: bool) -> None:
    """Append what the key's signatures of each PACKAGE say, and sign the new state of the log with the time.

    Every package is verified first, with the public half of the key; what is in the log already stays as it is.
    """
    from expertkit.cli.sign import make_signer
    from expertkit.packages.vouching import transparency

    signer = make_signer(key, valid_days=_UNUSED_DAYS)
    asked = [each for path in packages for each in transparency.entries_by(path, signer.public)]
    new = transparency.append(Path(), asked, key=signer.private, at=signer.at)
    log = transparency.read(Path(), key=signer.public)
    lines = [f"{each.describe()}: appended" for each in new]
    facts = {"appended": [each.envelope for each in new], "checkpoint": _state(log)}
    emit(facts, as_json=as_json, text=[*lines, _describe(log)])


@command.command("witness")
@click.option(
    "--signing-key", metavar="KEY",
    help="Your private key, a file or a pkcs11: URI; by default $EXPERTKIT_KEY or publisher.key in $EXPERTKIT_HOME.",
)  # fmt: skip
@_trusted
@options.as_json
def witness(*, signing_key: str | None, key: Path, as_json: bool) -> None:
    """Say in the newest checkpoint that you saw it now, once the whole log was checked.

    The last state that you saw is kept in $EXPERTKIT_HOME/witnessed/; a log that does not begin with it is refused. Who
    trusts you as a witness (expert-cli trust pin PUBFILE --witness) then knows that signatures are as old as that:
    one made before its key was revoked goes on counting. Witness other people's logs, not your own.
    """
    from expertkit.cli.sign import make_signer
    from expertkit.packages.vouching import transparency
    from expertkit.signing import keys

    signer = make_signer(signing_key, valid_days=_UNUSED_DAYS)
    log = transparency.witness(
        Path(), key=keys.load_public(key), witness_key=signer.private, seen=keys.signer_home(os.environ) / "witnessed",
        at=signer.at,
    )  # fmt: skip
    emit({"checkpoint": _state(log)}, as_json=as_json, text=f"{layout.CHECKPOINT}: seen: {_describe(log)}")


@command.command("prove")
@click.argument("package", type=options.There(dir_okay=False))
@click.option("--output", type=options.PATH, required=True, metavar="FILE", help="The proof.")
@_trusted
@options.as_json
def prove(package: Path, *, output: Path, key: Path, as_json: bool) -> None:
    """Write the proof that the signature of PACKAGE is in the log, and was at the time of its newest checkpoint.

    Keep it with the package, as PACKAGE.proof, where whoever takes the package looks for it: a later one proves a later
    time.
    """
    from expertkit.files import write_bytes
    from expertkit.packages.vouching import transparency
    from expertkit.signing import keys

    trusted = keys.load_public(key)
    log = transparency.read(Path(), key=trusted)
    proof = transparency.prove(log, package, key=trusted)
    write_bytes(output, proof.encode())
    facts = {"path": str(output), "index": proof.index, "checkpoint": _state(log)}
    emit(facts, as_json=as_json, text=f"{output}: proof of entry {proof.index} of {log.state.size}")


@command.command("check")
@click.option(
    "--since", type=options.There(dir_okay=False), metavar="CHECKPOINT",
    help="A checkpoint that you kept: the log must begin with what it was then.",
)  # fmt: skip
@_trusted
@options.as_json
def check(*, since: Path | None, key: Path, as_json: bool) -> None:
    """Check every entry against the checkpoint; exit status 5 says that the log is not what was signed."""
    from expertkit.packages.vouching import transparency
    from expertkit.signing import keys
    from expertkit.signing.transparency import NoteKey

    trusted = keys.load_public(key)
    log = transparency.read(Path(), key=trusted)
    older = transparency.check_since(log, since.read_bytes(), key=trusted) if since else None
    lines = [f"{since}: the first {older.size} entries are the same"] if older else []
    facts = {
        "checkpoint": _state(log),
        "since": older.size if older else None,
        "vkey": str(NoteKey(name=log.state.origin, key=trusted)),
        "valid": True,
    }
    emit(facts, as_json=as_json, text=[_describe(log), *lines])


@command.command("check-proof")
@click.argument("package", type=options.There(dir_okay=False))
@click.argument("proof", type=options.There(dir_okay=False))
@_trusted
@options.as_json
def check_proof(package: Path, proof: Path, *, key: Path, as_json: bool) -> None:
    """Check that PACKAGE was valid, and its signature in the log of this key, at the time that PROOF proves.

    Neither the log nor a network is needed; exit status 5 says that something is wrong.
    """
    from expertkit.packages.vouching import transparency
    from expertkit.signing import keys
    from expertkit.signing.statement import format_moment
    from expertkit.signing.transparency import proof as proofs

    trusted = keys.load_public(key)
    entry, time = transparency.check_proof(package, proofs.decode(proof.read_bytes()), key=trusted)
    facts = {"envelope": entry.envelope, "time": format_moment(time), "valid": True}
    emit(facts, as_json=as_json, text=f"{package}: {entry.describe()}: in the log at {format_moment(time)}")


@command.command("export")
@click.argument("folder", metavar="DIR", type=options.PATH)
@_trusted
@options.as_json
def export(folder: Path, *, key: Path, as_json: bool) -> None:
    """Write the log into DIR as files to serve: entries, checkpoint, and a proof for each entry.

    Whatever else is in DIR stays there.
    """
    from expertkit.packages.vouching import transparency
    from expertkit.signing import keys

    log = transparency.read(Path(), key=keys.load_public(key))
    transparency.export(log, folder)
    emit({"path": str(folder), "checkpoint": _state(log)}, as_json=as_json, text=f"{folder}: {_describe(log)}")


def append_promoted(promotion: Promotion, *, key: Path) -> None:
    """Append what was promoted, where the private half of ``key`` is at hand; otherwise say what does it."""
    from expertkit.errors import ExpertError
    from expertkit.packages.releasing.promotion import released_package
    from expertkit.packages.vouching import transparency

    paths, signer = [released_package(Path(), each) for each in promotion.packages], _signer(key)
    typed = shlex.join(["expert-cli", "log", "append", *map(str, paths)])
    if signer is None:
        if promotion.new:
            say(f"{layout.LOG}: nothing appended without the publisher's private key; {typed}", err=True)
        return
    try:
        asked = [each for path in paths for each in transparency.entries_by(path, signer.public)]
        transparency.append(Path(), asked, key=signer.private, at=signer.at)
    except ExpertError as error:
        say(f"Warning: promoted, but nothing appended to {layout.LOG}: {error}; {typed}", err=True)


def _signer(key: Path) -> Signer | None:
    """Who signs with the private half of a public key, if it is the one of this user."""
    from expertkit.cli.sign import make_signer
    from expertkit.errors import SignatureError
    from expertkit.signing import keys

    try:
        signer = make_signer(None, valid_days=_UNUSED_DAYS)
    except SignatureError:
        return None
    return signer if signer.public.raw == keys.load_public(key).raw else None


def _row(index: int, entry: Entry) -> list[str]:
    digests = [each[:12] for each in (entry.content_digest, entry.key, entry.envelope)]
    return [str(index), entry.name, entry.version, entry.base, entry.form, *digests]


def _state(log: Log) -> dict[str, Any]:
    """What the checkpoint says, as JSON values."""
    state, time = log.state, _time(log)
    return {"origin": state.origin, "size": state.size, "root": state.root.hex(), "time": time}


def _describe(log: Log) -> str:
    """The same on one line for a person."""
    state = log.state
    return f"log {state.origin}: {state.size} entries, root {state.root.hex()[:12]}, {_time(log)}"


def _time(log: Log) -> str | None:
    """When the log says that it was in this state."""
    from expertkit.signing.statement import format_moment
    from expertkit.signing.transparency.checkpoint import read_time_unverified

    claimed = read_time_unverified(log.signed)
    return format_moment(claimed) if claimed else None
