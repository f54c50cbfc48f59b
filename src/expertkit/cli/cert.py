"""``expert-cli cert``: certificates for those who sign, from a root of one's own to the list of those revoked."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from expertkit.cli import options
from expertkit.cli.main import emit, say

if TYPE_CHECKING:
    from expertkit.signing.certificates.reading import Certificate

_FOLDER = Path("ca")
_ROOT_DAYS, _DAYS, _LIST_DAYS = 3650, 365, 30
_MAX_SIZE = 64 << 20
"""Most bytes of a file that are read: a revocation list may have 32 MiB, and half as much again as PEM."""

_days = click.IntRange(1, 36500)
_authority = click.option(
    "--authority", type=options.There(dir_okay=False), default=_FOLDER / "root.pem", show_default=True,
    metavar="FILE", help="The issuer's certificate, with those above it if it is no root.",
)  # fmt: skip
_authority_key = click.option(
    "--key", default=str(_FOLDER / "root.key"), show_default=True, metavar="KEY",
    help="The issuer's private key: a file, or the pkcs11: URI of one in a device.",
)  # fmt: skip


@click.group("cert")
def command() -> None:
    """Make, issue, show and revoke certificates: X.509 with Ed25519."""


@command.command("init-root")
@click.option("--name", required=True, metavar="ORG", help="The organisation that the root is of.")
@click.option(
    "--output", type=options.PATH, default=_FOLDER, show_default=True, metavar="DIR",
    help="Where root.key, root.pem and the first revocation list, root.crl, go.",
)  # fmt: skip
@click.option("--days", type=_days, default=_ROOT_DAYS, show_default=True, help="How long the root holds.")
@click.option(
    "--for", "permitted", multiple=True, metavar="NAME",
    help="An expert that may be signed below the root, or .SUFFIX for all names that end so; all if none is named.",
)  # fmt: skip
@click.option(
    "--passphrase/--no-passphrase", "encrypted", default=True,
    help="Encrypt the private key, which is what happens without a flag, or leave it open to whoever reads the file.",
)  # fmt: skip
@options.as_json
def init_root(
    *, name: str, output: Path, days: int, permitted: tuple[str, ...], encrypted: bool, as_json: bool
) -> None:  # fmt: skip
    """Make a root: its key, its certificate and its first revocation list, which names nobody.

    The passphrase comes from where expert-cli keygen has it. Nothing that is there is overwritten.

    Example: expert-cli cert init-root --name Acme --for expert-sql --for expert-json
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from expertkit.signing import keys
    from expertkit.signing.certificates import making, names, pem, reading, revocation
    from expertkit.signing.keys import passphrases

    names.common_name(name)
    for pattern in permitted:
        names.check_pattern(pattern, "--for")
    key, certificate, revoked = (output / f"root.{suffix}" for suffix in ("key", "pem", "crl"))
    _check_new(certificate, revoked)
    making.make_root(
        Ed25519PrivateKey.generate(), name=name, at=_now(), days=days, permitted=permitted
    )  # or say why not
    keys.check_free(key, keys.public_path(key))
    private = keys.create(key, publisher=name, passphrase=passphrases.choose(key) if encrypted else None)
    now = _now()
    root = reading.read(making.make_root(private, name=name, at=now, days=days, permitted=permitted))
    first = revocation.make_list(authority=root, key=private, number=1, at=now, days=_LIST_DAYS, entries={})
    _write(revoked, pem.encode(pem.LIST, [first]))
    _write(certificate, reading.to_pem([root]))
    if not encrypted:
        say(f"Warning: {key} has no passphrase: whoever reads the file can issue certificates", err=True)
    value = {"key": str(key), "list": str(revoked), **_facts(certificate, root)}
    emit(value, as_json=as_json, text=f"{certificate}: {_summary(root)}; keep {key} secret and keep a copy")


@command.command("request")
@click.option("--key", required=True, metavar="KEY", help="The signer's private key, or its pkcs11: URI.")
@click.option("--name", metavar="SUBJECT", help="Who signs; by default the publisher named beside the key.")
@click.option("--for", "experts", multiple=True, metavar="NAME", help="An expert to sign; any number of times.")
@click.option("--output", type=options.PATH, required=True, metavar="FILE", help="The request, such as signer.csr.")
@options.as_json
def request(*, key: str, name: str | None, experts: tuple[str, ...], output: Path, as_json: bool) -> None:
    """Ask for a certificate of KEY: write a request for whoever issues them. It holds nothing that is secret.

    Example: expert-cli cert request --key ~/.expertkit/publisher.key --for expert-sql --output signer.csr
    """
    from expertkit.signing import keys
    from expertkit.signing.certificates import making, pem

    _check_new(output)
    subject = name or keys.publisher_of(Path(key))
    if subject is None:
        raise click.UsageError(f"{key}: expected --name, for no publisher is named beside the key")
    made = making.make_request(keys.open_key(key), name=subject, names=experts)
    asked = making.read_request(made)
    _write(output, pem.encode(pem.REQUEST, [made]))
    value = {"path": str(output), "subject": asked.subject, "key_id": asked.key_id, "names": list(asked.names)}
    emit(value, as_json=as_json, text=f"{output}: {asked.subject} asks for {_named(asked.names)}")


@command.command("issue")
@click.argument("file", metavar="REQUEST", type=options.There(dir_okay=False))
@_authority
@_authority_key
@click.option(
    "--intermediate", is_flag=True, help="Issue an authority, which issues certificates and signs no package."
)
@click.option(
    "--path-length", type=click.IntRange(0, 1), metavar="N",
    help="Of an authority, how many others may stand below it; 0 if none is given.",
)  # fmt: skip
@click.option(
    "--for", "experts", multiple=True, metavar="NAME",
    help="An expert granted, instead of those that REQUEST asks for; any number of times.",
)  # fmt: skip
@click.option("--days", type=_days, default=_DAYS, show_default=True, help="How long it holds.")
@click.option("--output", type=options.PATH, required=True, metavar="FILE", help="The certificate and those above it.")
@options.as_json
def issue(  # noqa: PLR0913  # one argument per option
    file: Path, *, authority: Path, key: str, intermediate: bool, path_length: int | None,
    experts: tuple[str, ...], days: int, output: Path, as_json: bool,
) -> None:  # fmt: skip
    """Give whoever wrote REQUEST a certificate; FILE, without the root, is what goes with a signature.

    Example: expert-cli cert issue signer.csr --days 365 --output signer.pem
    """
    from expertkit.signing import keys
    from expertkit.signing.certificates import making, path, reading

    if path_length is not None and not intermediate:
        raise click.UsageError("expected --path-length with --intermediate")
    _check_new(output)
    asked = making.read_request(_read(file))
    issuers = reading.read_pem(_read(authority), what=str(authority))
    now = _now()
    made = reading.read(
        making.issue(
            asked, authority=issuers[0], authority_key=keys.open_key(key), at=now, days=days,
            is_authority=intermediate, path_length=path_length, names=experts or None,
        )
    )  # fmt: skip
    if not intermediate:
        path.check_chain([made, *issuers], at=now)
    chain = [made, *(each for each in issuers if not each.is_self_issued)]
    _write(output, reading.to_pem(chain))
    emit(_facts(output, made), as_json=as_json, text=f"{output}: {_summary(made)}")


@command.command("show")
@click.argument("file", type=options.There(dir_okay=False))
@options.as_json
def show(file: Path, *, as_json: bool) -> None:
    """Show what FILE says: certificates, a request or a revocation list. Who is to be trusted is not judged.

    Example: expert-cli cert show signer.pem
    """
    from expertkit.signing.certificates import showing

    found = showing.read_any(_read(file), what=str(file))
    emit({"path": str(file), **showing.describe(found)}, as_json=as_json, text=showing.lines(found))


@command.command("revoke")
@click.argument("files", metavar="[CERT]...", nargs=-1, type=options.There(dir_okay=False))
@_authority
@_authority_key
@click.option(
    "--list", "list_file", type=options.PATH, default=_FOLDER / "root.crl", show_default=True, metavar="FILE",
    help="The issuer's revocation list, which is replaced by the next one.",
)  # fmt: skip
@click.option("--first", is_flag=True, help="Begin a list, number 1, of an authority that has none yet.")
@click.option("--days", type=_days, default=_LIST_DAYS, show_default=True, help="After how many to renew the list.")
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"]), metavar="TIME",
    help="Since when (UTC) the keys were no longer their owners' alone; by default now.",
)  # fmt: skip
@options.as_json
def revoke(  # noqa: PLR0913  # one argument per option
    files: tuple[Path, ...], *, authority: Path, key: str, list_file: Path, first: bool, days: int,
    since: datetime | None, as_json: bool,
) -> None:  # fmt: skip
    """Add the first certificate of each CERT to the list of those revoked; without any, renew the list.

    What a witness saw before --since goes on counting: say when the key was lost, not when you noticed.

    Example: expert-cli cert revoke signer.pem
    """
    from expertkit.packages.locks import locked
    from expertkit.signing import keys
    from expertkit.signing.certificates import pem, reading, revocation

    issuer = reading.read_pem(_read(authority), what=str(authority))[0]
    serials = [_serial(file, issuer) for file in files]
    private = keys.open_key(key)
    with locked(list_file.with_name(f".{list_file.name}.lock"), mode=0o755):
        number, known = _begin(list_file) if first else _last(list_file, issuer=issuer)
        now = _now()
        lost = min(since.replace(tzinfo=UTC), now) if since else now
        entries = {**dict.fromkeys(serials, lost), **known}
        made = revocation.make_list(
            authority=issuer, key=private, number=number + 1, at=now, days=days, entries=entries
        )  # fmt: skip
        _write(list_file, pem.encode(pem.LIST, [made]))
    value = {"path": str(list_file), "number": number + 1, "revoked": [f"{serial:x}" for serial in serials]}
    text = f"{list_file}: number {number + 1}, {len(entries)} revoked, renew it in {days} days"
    emit({**value, "entries": len(entries)}, as_json=as_json, text=text)


def _begin(file: Path) -> tuple[int, Mapping[int, datetime]]:
    """The number before the first, and nobody revoked."""
    _check_new(file)
    return 0, {}


def _last(file: Path, *, issuer: Certificate) -> tuple[int, Mapping[int, datetime]]:
    """Number and entries of the list in a file, which the issuer made; what was revoked stays so from when it was."""
    from expertkit.signing.certificates import revocation

    found = revocation.read_list(_read(file))
    revocation.check_list(found, issuer=issuer, at=_now())
    return found.number, found.entries


def _serial(file: Path, issuer: Certificate) -> int:
    """Serial number of the certificate in a file, which the issuer made."""
    from expertkit.signing.certificates import path, reading

    certificate = reading.read_pem(_read(file), what=str(file))[0]
    path.check_issued(certificate, issuer=issuer)
    return certificate.serial


def _facts(file: Path, certificate: Certificate) -> dict[str, Any]:
    from expertkit.signing.statement import format_moment

    return {
        "path": str(file),
        "id": certificate.id,
        "key_id": certificate.key_id,
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "serial": f"{certificate.serial:x}",
        "not_after": format_moment(certificate.not_after),
        "names": list(certificate.names),
        "permitted": list(certificate.permitted),
    }


def _summary(certificate: Certificate) -> str:
    """Who it is for, which experts, until when."""
    kind, experts = "signs", certificate.names
    if certificate.is_authority:
        kind, experts = "issues certificates for", certificate.permitted
    until = f"{certificate.not_after:%Y-%m-%d}"
    return f"{certificate.subject} {kind} {_named(experts)} until {until}, id {certificate.id[:12]}"


def _named(experts: Sequence[str]) -> str:
    return ", ".join(experts) or "every expert that its issuers permit"


def _now() -> datetime:
    return datetime.now(UTC)


def _read(file: Path) -> bytes:
    from expertkit.files import open_regular

    with open_regular(file) as opened:
        return opened.read(_MAX_SIZE)


def _check_new(*files: Path) -> None:
    from expertkit.errors import SignatureError

    for file in files:
        if os.path.lexists(file):
            raise SignatureError(f"{file}: expected no such file, got one; it is not overwritten")


def _write(file: Path, data: bytes) -> None:
    from expertkit.files import write_bytes

    write_bytes(file, data)
