"""Lists of certificates that no longer count: X.509 v2 with Ed25519, complete, of one issuer.

A list that is out of date is still one: what it names stays revoked. Whether to go on with it is the caller's choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from expertkit.errors import FormatError, SignatureError
from expertkit.signing.certificates import der, extensions, names, path, pem
from expertkit.signing.certificates.reading import (
    ED25519,
    Certificate,
    check_algorithm,
    read_moment,
    read_serial,
    read_signed,
)
from expertkit.signing.certificates.requests import seal
from expertkit.signing.ed25519 import public_bytes
from expertkit.signing.envelope import CLOCK_SKEW
from expertkit.signing.signer import SigningKey

MAX_SIZE = 32 << 20
"""Largest list that is read, in bytes of DER."""
MAX_NUMBER = 2**159 - 1

_NUMBER, _DELTA, _DISTRIBUTION, _INDIRECT = "2.5.29.20", "2.5.29.27", "2.5.29.28", "2.5.29.29"
_EXTENSIONS = 0xA0
_V2 = 1
_WHAT = "revocation list"


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationList:
    """What a list says, believed or not."""

    der: bytes
    tbs: bytes
    signature: bytes
    issuer: str
    """RFC 4514 text."""
    issuer_der: bytes
    authority_key: bytes | None
    """Identifier of the issuer's key."""
    number: int
    """Rises with every list of an issuer."""
    this_update: datetime
    next_update: datetime
    entries: Mapping[int, datetime]
    """When each serial number was revoked."""

    def is_stale(self, at: datetime) -> bool:
        """Whether there should be a newer list by now."""
        return at >= self.next_update


def read_list(data: bytes) -> RevocationList:
    """The list in ``data``, DER or PEM.

    Raises:
        FormatError: it is malformed, of another kind or algorithm, or says something critical that is unknown.
    """
    data = pem.unwrap(data, label=pem.LIST, what=_WHAT) if len(data) <= 2 * MAX_SIZE else data
    if len(data) > MAX_SIZE:
        raise FormatError(f"{_WHAT}: expected at most {MAX_SIZE} bytes, got {len(data)}")
    signed = read_signed(data, _WHAT)
    fields = der.inside(der.one(signed.tbs, der.SEQUENCE, _WHAT), _WHAT)
    if der.read_integer(fields.take(der.INTEGER), _WHAT) != _V2:
        raise FormatError(f"{_WHAT}: expected version 2, got another")
    check_algorithm(fields.take(der.SEQUENCE), _WHAT)
    issuer = fields.take(der.SEQUENCE)
    this_update, next_update = read_moment(fields, _WHAT), read_moment(fields, _WHAT)
    revoked = fields.take_if(der.SEQUENCE)
    number, authority_key = _read_extensions(fields.take(_EXTENSIONS))
    fields.end()
    if this_update >= next_update:
        raise FormatError(f"{_WHAT}: expected the next update after this one, got {next_update:%Y-%m-%dT%H:%M:%SZ}")
    return RevocationList(
        der=data, tbs=signed.tbs, signature=signed.signature,
        issuer=names.read_name(issuer, f"{_WHAT}, issuer"), issuer_der=issuer.raw, authority_key=authority_key,
        number=number, this_update=this_update, next_update=next_update,
        entries=_read_entries(revoked) if revoked else {},
    )  # fmt: skip


def check_list(found: RevocationList, *, issuer: Certificate, at: datetime) -> None:
    """Return if ``issuer`` made a list, and not in the future. One that is out of date passes.

    Raises:
        SignatureError: another one made it, or this one may not.
    """
    what = f"{_WHAT} of {found.issuer}"
    if found.issuer_der != issuer.subject_der:
        raise SignatureError(f"{what}: expected one of {issuer.subject}, got another")
    if None not in {found.authority_key, issuer.subject_key} and found.authority_key != issuer.subject_key:
        raise SignatureError(f"{what}: expected one by the key of {issuer.subject}, got one by another key")
    if extensions.SIGNS_LISTS not in (issuer.usages or ()):
        raise SignatureError(f"certificate of {issuer.subject}: expected a key that may sign lists, got another usage")
    path.verify(found.signature, found.tbs, issuer=issuer, what=what)
    if at + CLOCK_SKEW < found.this_update:
        raise SignatureError(
            f"{what}: made {found.this_update:%Y-%m-%dT%H:%M:%SZ}, which is in the future of this computer's clock"
        )


def make_list(
    *, authority: Certificate, key: SigningKey, number: int, at: datetime, days: int, entries: Mapping[int, datetime]
) -> bytes:
    """The list of what an authority has revoked, in DER, its serial numbers in their order.

    Args:
        authority: the issuer.
        key: the issuer's.
        number: larger than that of every earlier list.
        at: when it is made.
        days: after how many there will be a newer one.
        entries: when each serial number was revoked.

    Raises:
        SignatureError: the key is not the authority's, or may not sign lists.
        FormatError: what is to be listed is more than a list holds.
    """
    if public_bytes(key.public_key()) != authority.key:
        raise SignatureError(f"certificate of {authority.subject}: expected its own key to sign a list, got another")
    begin = at.replace(microsecond=0)
    revoked = [der.sequence(*_entries(entries))] if entries else []
    about = [
        extensions.authority_key(authority.subject_key or extensions.key_identifier(authority.key)),
        extensions.write(_NUMBER, der.integer(number)),
    ]
    made = seal(
        der.sequence(
            der.integer(_V2 ), ED25519, authority.subject_der, der.time(begin), der.time(begin + timedelta(days=days)),
            *revoked, der.encode(_EXTENSIONS, der.sequence(*about)),
        ),
        key,
    )  # fmt: skip
    check_list(read_list(made), issuer=authority, at=at)
    return made


def _entries(entries: Mapping[int, datetime]) -> list[bytes]:
    return [der.sequence(der.integer(serial), der.time(entries[serial])) for serial in sorted(entries)]


def _read_extensions(value: der.Value) -> tuple[int, bytes | None]:
    """Number of the list and identifier of its issuer's key."""
    found = {each.kind: each for each in extensions.split(der.one(value.content, der.SEQUENCE, _WHAT), _WHAT)}
    if kinds := {_DELTA, _DISTRIBUTION} & found.keys():
        raise FormatError(f"{_WHAT}: expected a complete list of one issuer, got a part: {', '.join(sorted(kinds))}")
    critical = [each.kind for each in found.values() if each.is_critical]
    extensions.check_critical(critical, known=(_NUMBER, extensions.AUTHORITY_KEY), what=_WHAT)
    if _NUMBER not in found:
        raise FormatError(f"{_WHAT}: expected its number, got none")
    number = der.read_integer(der.one(found[_NUMBER].content, der.INTEGER, _WHAT), _WHAT)
    if not 0 <= number <= MAX_NUMBER:
        raise FormatError(f"{_WHAT}: expected a number of at most 20 octets from 0 on, got another")
    authority = found.get(extensions.AUTHORITY_KEY)
    return number, extensions.read_authority_key(authority.content, _WHAT) if authority else None


def _read_entries(value: der.Value) -> dict[int, datetime]:
    entries: dict[int, datetime] = {}
    for serial, moment in (_read_entry(each) for each in der.each(value, der.SEQUENCE, _WHAT)):
        if serial in entries:
            raise FormatError(f"{_WHAT}: expected each serial number once, got {serial:x} twice")
        entries[serial] = moment
    return entries


def _read_entry(value: der.Value) -> tuple[int, datetime]:
    fields = der.inside(value, _WHAT)
    serial = read_serial(fields.take(der.INTEGER), _WHAT)
    moment = read_moment(fields, _WHAT)
    about = fields.take_if(der.SEQUENCE)
    fields.end()
    if about is not None:
        found = extensions.split(about, _WHAT)
        critical = [each.kind for each in found if each.is_critical or each.kind == _INDIRECT]
        extensions.check_critical(critical, known=(), what=_WHAT)
    return serial, moment
