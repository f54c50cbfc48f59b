"""``expert-cli trust``: whom this computer trusts to sign experts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from expertkit.cli import options, trusting
from expertkit.cli.main import emit

if TYPE_CHECKING:
    from expertkit.errors import ExpertError
    from expertkit.signing.certificates.reading import Certificate
    from expertkit.signing.certificates.revocation import RevocationList
    from expertkit.signing.trust import Rules, Trust

_NOBODY = "nobody is trusted: expert-cli trust add ROOT.pem, or expert-cli trust pin PUBFILE"
_STALE = click.Choice(["refuse", "warn"])


@click.group("trust")
def command() -> None:
    """Say whose packages are taken: roots that vouch for publishers, and single keys.

    What is trusted, and the newest that was seen of each expert, stands in $EXPERTKIT_HOME/trust (~/.expertkit/trust).
    Without it nobody is trusted.
    """


@command.command("add")
@click.argument("root", type=options.There(dir_okay=False))
@click.option("--list", "revocations", type=options.There(dir_okay=False), help="The root's newest revocation list.")
@click.option(
    "--without-list",
    is_flag=True,
    help="Take packages without a revocation list: a lost key stays good until it expires.",
)
@options.as_json
def add(root: Path, *, revocations: Path | None, without_list: bool, as_json: bool) -> None:
    """Trust the certificate authority in ROOT, a PEM file, to say whose keys are whose.

    Compare the fingerprint that is printed with what the authority tells you by another way.
    """
    from expertkit.signing.certificates.reading import read_pem
    from expertkit.signing.certificates.revocation import read_list
    from expertkit.signing.statement import format_moment
    from expertkit.signing.trust.state import with_root

    if revocations is not None and without_list:
        raise click.UsageError("expected --list or --without-list, got both")
    certificate, *more = read_pem(root.read_bytes(), what=str(root))
    if more:
        raise click.UsageError(f"{root}: expected one certificate, got {1 + len(more)}")
    now = datetime.now(UTC)
    store = trusting.open_store()

    def trusted(trust: Trust) -> Trust:
        return with_root(trust, certificate, needs_list=not without_list, added=format_moment(now))

    trusted(store.read())
    if revocations is not None:
        store.add_list(read_list(revocations.read_bytes()), issuer=certificate, at=now)
    store.update(trusted)
    lines = [f"trusted: {certificate.subject}", f"fingerprint {certificate.id}"]
    if not without_list and store.read().find_list(certificate.key_id) is None:
        lines.append("nothing is accepted before its revocation list is here: expert-cli trust update LIST")
    emit({"root": certificate.id, "subject": certificate.subject}, as_json=as_json, text=lines)


@command.command("pin")
@click.argument("pubfile", type=options.There(dir_okay=False))
@click.option(
    "--for", "names", multiple=True, metavar="EXPERT", help="Only for this expert; may be said several times."
)
@click.option(
    "--witness", is_flag=True,
    help="Not as a signer: only to say at what time a log held a signature (expert-cli log witness).",
)  # fmt: skip
@options.as_json
def pin(pubfile: Path, *, names: tuple[str, ...], witness: bool, as_json: bool) -> None:
    """Trust the key in PUBFILE for itself, whoever vouches for it."""
    from expertkit.signing import keys
    from expertkit.signing.statement import format_moment
    from expertkit.signing.trust.state import with_pin, with_witness

    if witness and names:
        raise click.UsageError("expected --witness without --for")
    key = keys.load_public(pubfile)
    added = format_moment(datetime.now(UTC))

    def trusted(trust: Trust) -> Trust:
        if witness:
            return with_witness(trust, key, added=added)
        return with_pin(trust, key, names=names, how="by hand", added=added)

    trusting.open_store().update(trusted)
    about = " as a witness" if witness else f" for {', '.join(names)}" if names else ""
    text = [f"trusted: {key.publisher!r}{about}", f"fingerprint {key.id}"]
    emit({"key": key.id, "publisher": key.publisher, "names": list(names)}, as_json=as_json, text=text)


@command.command("remove")
@click.argument("id_", metavar="ID")
@options.as_json
def remove(id_: str, *, as_json: bool) -> None:
    """Trust no longer the root or key whose fingerprint begins with ID."""
    from expertkit.signing.trust.state import without

    store = trusting.open_store()
    before = list(_lines(store.read()))
    after = set(_lines(store.update(lambda trust: without(trust, id_))))
    gone = [f"no longer trusted: {line}" for line in before if line not in after]
    emit({"removed": id_}, as_json=as_json, text=gone)


@command.command("forget")
@click.argument("name", metavar="EXPERT")
@options.as_json
def forget(name: str, *, as_json: bool) -> None:
    """Forget the newest that was seen of EXPERT, so that an older package is taken again."""
    from expertkit.errors import SignatureError

    store = trusting.open_store()
    known = sorted({row.name for row in store.read().seen})
    if name not in known:
        raise SignatureError(f"{name}: expected one of {', '.join(known) or 'none'}", hint="expert-cli trust list")
    store.update(lambda trust: replace(trust, seen=tuple(row for row in trust.seen if row.name != name)))
    emit({"forgotten": name}, as_json=as_json, text=f"forgotten: {name}")


@command.command("update")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=options.There(dir_okay=False))
@options.as_json
def update(files: tuple[Path, ...], *, as_json: bool) -> None:
    """Take the newest revocation lists of authorities that are trusted.

    FILE is a list, PEM or DER, or the PEM certificates of authorities below a root, without which their lists cannot
    be checked.
    """
    from expertkit.packages.failures import merged

    rows, failed = _update(files)
    text = [f"list {row['number']} of {row['issuer']}: {row['entries']} revoked, until {row['until']}" for row in rows]
    if rows or not failed:
        emit({"lists": rows}, as_json=as_json, text=text)
    if failed:
        raise failed[0] if len(failed) == 1 else merged(failed)


@command.command("rules")
@click.option(
    "--mode", type=click.Choice(["listed", "first-use"]), help="Whether the first key of an expert is trusted."
)
@click.option("--signatures", type=click.IntRange(1, 16), metavar="K", help="Different trusted keys that have to sign.")
@click.option("--stale-install", type=_STALE, help="What a revocation list out of date does where packages come in.")
@click.option("--stale-load", type=_STALE, help="What it does where an expert that is here is loaded.")
@options.as_json
def rules(
    *, mode: str | None, signatures: int | None, stale_install: str | None, stale_load: str | None, as_json: bool
) -> None:  # fmt: skip
    """Show what is asked of signatures, or change it."""
    asked = {
        "mode": mode and mode.replace("-", " "), "signatures": signatures,
        "stale_install": stale_install, "stale_load": stale_load,
    }  # fmt: skip
    changed: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    store = trusting.open_store()
    trust = store.read()
    if changed:
        trust = store.update(lambda old: replace(old, rules=replace(old.rules, **changed)))
    emit(trust.to_json()["rules"], as_json=as_json, text=_describe_rules(trust.rules))


@command.command("list")
@options.as_json
def list_(*, as_json: bool) -> None:
    """Show who is trusted, and what was seen of them."""
    trust = trusting.open_store().read()
    emit(_facts(trust), as_json=as_json, text=list(_lines(trust)) or [_NOBODY])


@command.command("status")
@options.as_json
def status(*, as_json: bool) -> None:
    """Say whether anything needs doing: lists that have to be renewed, roots that expire. Exit status 5 says so."""
    store = trusting.open_store()
    trust = store.read()
    wanting = [*_wanting(trust, datetime.now(UTC)), *store.damaged(trust)]
    facts = {"path": str(store.path), "roots": len(trust.roots), "keys": len(trust.pins), "wanting": wanting}
    counts = (("root", trust.roots), ("key", trust.pins), ("revocation list", trust.lists))
    about = f"{store.path}: {', '.join(_counted(len(each), what) for what, each in counts)}"
    emit(facts, as_json=as_json, text=[about, *_describe_rules(trust.rules), *(wanting or ["nothing needs doing"])])
    if wanting:
        raise SystemExit(5)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _update(files: Sequence[Path]) -> tuple[list[dict[str, Any]], list[ExpertError]]:
    """Take the lists that hold; give a row for each, and what is wrong with the other files."""
    from expertkit.errors import ExpertError
    from expertkit.signing.trust.authorities import issuer_of

    now = datetime.now(UTC)
    store = trusting.open_store()
    others: list[Certificate] = []
    lists: dict[Path, RevocationList] = {}
    failed: list[ExpertError] = []
    rows: list[dict[str, Any]] = []
    for path in files:
        try:
            _sort(path, others, lists)
        except ExpertError as error:
            failed.append(error)
    for path, found in lists.items():
        try:
            store.add_list(found, issuer=issuer_of(found, trust=store.read(), others=others, at=now), at=now)
        except ExpertError as error:
            failed.append(type(error)(*(f"{path}: {line}" for line in error.lines), hint=error.hint))
        else:
            rows.append(_row(found))
    return rows, failed


def _row(found: RevocationList) -> dict[str, Any]:
    until = f"{found.next_update:%Y-%m-%d}"
    return {"issuer": found.issuer, "number": found.number, "entries": len(found.entries), "until": until}


def _sort(path: Path, others: list[Certificate], lists: dict[Path, RevocationList]) -> None:
    """Read a file as what it is.

    Raises:
        FormatError: it is neither a list nor certificates.
    """
    from expertkit.errors import FormatError
    from expertkit.signing.certificates.reading import read_pem
    from expertkit.signing.certificates.revocation import read_list

    data = path.read_bytes()
    if data.startswith(b"-----BEGIN CERTIFICATE-----"):
        others.extend(read_pem(data, what=str(path)))
        return
    try:
        lists[path] = read_list(data)
    except FormatError as error:
        hint = "expert-cli trust update takes revocation lists; roots are for trust add, public keys for trust pin"
        raise FormatError(f"{path}: {error}", hint=hint) from error


def _facts(trust: Trust) -> dict[str, Any]:
    facts = trust.to_json()
    for row, root in zip(facts["roots"], trust.roots, strict=True):
        row["subject"] = root.read().subject
    for row, each in zip(facts["pins"], trust.pins, strict=True):
        row["id"] = each.read().id
    return facts


def _lines(trust: Trust) -> Iterator[str]:
    for root in trust.roots:
        certificate = root.read()
        known = trust.find_list(certificate.key_id)
        listed = f"list {known.number}, {known.entries} revoked" if known else "no revocation list"
        yield f"root  {root.id[:12]}  {certificate.subject}, until {certificate.not_after:%Y-%m-%d}; {listed}"
    below = {root.read().key_id for root in trust.roots}
    for known in trust.lists:
        if known.issuer not in below:
            yield f"list  {known.issuer[:12]}  {known.name}: list {known.number}, {known.entries} revoked"
    for each in trust.pins:
        names = ", ".join(each.names) or "any expert"
        yield f"key   {each.read().id[:12]}  {each.publisher!r}, for {names}; added {each.added[:10]} {each.how}"
    for witness in trust.witnesses:
        yield f"time  {witness.read().id[:12]}  {witness.name!r}, a witness of logs"
    for row in trust.seen:
        numbers = ", ".join(f"{form} {number}" for form, number in sorted(row.sequences.items()))
        yield f"seen  {row.name} {row.version} for {row.base}, by key {row.key[:12]}: {numbers}"


def _wanting(trust: Trust, at: datetime) -> Iterator[str]:
    from expertkit.signing.statement import parse_moment

    if trust.is_empty:
        yield _NOBODY
    for root in trust.roots:
        certificate = root.read()
        known = trust.find_list(certificate.key_id)
        if at >= certificate.not_after:
            yield f"{certificate.subject}: expired {certificate.not_after:%Y-%m-%d}: ask the authority for its new root"
        if root.needs_list and known is None:
            yield f"{certificate.subject}: its revocation list is missing: expert-cli trust update LIST"
    for known in trust.lists:
        if at >= parse_moment(known.next_update):
            yield f"{known.name}: its revocation list has to be renewed: expert-cli trust update LIST"


def _describe_rules(found: Rules) -> list[str]:
    first = "only roots and keys that were added" if found.mode == "listed" else "also the first key seen of an expert"
    return [
        f"trusted: {first}; {found.signatures} signature{'s' * (found.signatures > 1)} needed",
        f"stale revocation list: {found.stale_install} where packages come in, {found.stale_load} where experts load",
    ]
