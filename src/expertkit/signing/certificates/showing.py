"""What a certificate, request or list says, as JSON values and as lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from expertkit.errors import FormatError
from expertkit.signing.certificates import der, pem
from expertkit.signing.certificates.extensions import CODE_SIGNING
from expertkit.signing.certificates.reading import Certificate, read, read_pem
from expertkit.signing.certificates.requests import Request, read_request
from expertkit.signing.certificates.revocation import RevocationList, read_list
from expertkit.signing.statement import format_moment

Found = tuple[Certificate, ...] | Request | RevocationList

_SHOWN = 10
"""Most revoked serial numbers that are shown to people."""
_PURPOSES = {CODE_SIGNING: "codeSigning"}


def read_any(data: bytes, *, what: str) -> Found:
    """The certificates, the request or the list in a file, DER or PEM.

    Raises:
        FormatError: there is none of them in it, or it is malformed.
        SignatureError: it is a request of somebody who does not have the key.
    """
    match _kind(data, what):
        case pem.CERTIFICATE:
            return read_pem(data, what=what) if pem.is_pem(data) else (read(data),)
        case pem.REQUEST:
            return read_request(data)
        case pem.LIST:
            return read_list(data)
        case kind:
            raise FormatError(f"{what}: expected certificates, a request or a revocation list, got {kind or 'none'}")


def describe(found: Found) -> dict[str, Any]:
    """What was read, every field of it, as JSON values."""
    match found:
        case Request():
            return {"request": _describe_request(found)}
        case RevocationList():
            return {"list": _describe_list(found)}
        case _:
            return {"certificates": [_describe_certificate(each) for each in found]}


def lines(found: Found) -> Iterator[str]:
    """The same for people: a line for each field."""
    for kind, about in describe(found).items():
        for each in about if isinstance(about, list) else [about]:
            yield f"{kind.removesuffix('s')}:"
            yield from (f"  {field.replace('_', ' '):14}{_text(value)}" for field, value in each.items())


def _kind(data: bytes, what: str) -> str | None:
    """The label of PEM; that of DER is told by its first field, a version in each."""
    if pem.is_pem(data):
        return pem.label_of(data)
    tbs = der.inside(der.one(data, der.SEQUENCE, what), what).take(der.SEQUENCE)
    version = der.inside(tbs, what).take_if(der.INTEGER)
    match version.content if version else None:
        case b"\0":
            return pem.REQUEST
        case b"\1":
            return pem.LIST
        case _:
            return pem.CERTIFICATE


def _describe_certificate(certificate: Certificate) -> dict[str, Any]:
    return {
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "serial": f"{certificate.serial:x}",
        "not_before": format_moment(certificate.not_before),
        "not_after": format_moment(certificate.not_after),
        "authority": certificate.is_authority,
        "path_length": certificate.path_length,
        "usages": sorted(certificate.usages or ()),
        "purposes": [_PURPOSES.get(purpose, purpose) for purpose in certificate.purposes or ()],
        "names": list(certificate.names),
        "permitted": list(certificate.permitted),
        "excluded": list(certificate.excluded),
        "subject_key": certificate.subject_key.hex() if certificate.subject_key is not None else None,
        "authority_key": certificate.authority_key.hex() if certificate.authority_key is not None else None,
        "critical": sorted(certificate.critical),
        "key": certificate.key.hex(),
        "key_id": certificate.key_id,
        "id": certificate.id,
    }


def _describe_request(request: Request) -> dict[str, Any]:
    return {
        "subject": request.subject,
        "names": list(request.names),
        "key": request.key.hex(),
        "key_id": request.key_id,
    }


def _describe_list(found: RevocationList) -> dict[str, Any]:
    return {
        "issuer": found.issuer,
        "number": found.number,
        "this_update": format_moment(found.this_update),
        "next_update": format_moment(found.next_update),
        "authority_key": found.authority_key.hex() if found.authority_key is not None else None,
        "revoked": _revoked(found.entries),
    }


def _revoked(entries: Mapping[int, datetime]) -> dict[str, str]:
    """When each was revoked, by serial numbers in hexadecimal, the latest first."""
    latest = sorted(entries, key=lambda serial: (entries[serial], serial), reverse=True)
    return {f"{serial:x}": format_moment(entries[serial]) for serial in latest}


def _text(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case None:
            return "-"
        case dict():
            return _several([f"{moment} {serial}" for serial, moment in value.items()])
        case list():
            return ", ".join(value) or "-"
        case _:
            return str(value)


def _several(texts: Sequence[str]) -> str:
    """How many there are, and the first of them."""
    more = f", and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return ", ".join([str(len(texts)), *texts[:_SHOWN]]) + more
