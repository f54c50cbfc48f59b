"""Whether a key that is trusted was revoked since, as far as the lists tell that are here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from expertkit.errors import SignatureError
from expertkit.signing.statement import format_moment, parse_moment
from expertkit.signing.trust.state import KnownList, Seen, Trust
from expertkit.signing.trust.verdict import Anchored, Occasion

Revoked = Callable[[KnownList, int], datetime | None]
"""When the certificate of this serial number was revoked by the list; None where it was not."""


def check_revocation(
    anchored: Anchored, *, trust: Trust, occasion: Occasion, revoked: Revoked, proven: datetime | None = None
) -> tuple[tuple[KnownList, ...], tuple[str, ...]]:
    """Look up every certificate of the key's path, and every one that the key ever came with.

    A key is none the better for coming without its certificate. What was revoked counts until then where a witness
    says that the signature was there before.

    Returns:
        The lists that were asked, and warnings about those that should have been renewed.

    Raises:
        SignatureError: a certificate is revoked, or nobody can tell.
    """
    asked: dict[str, KnownList] = {}
    warnings: list[str] = []
    for certificate, issuer in zip(anchored.path, anchored.path[1:], strict=False):
        known = trust.find_list(issuer.key_id)
        if known is not None:
            warnings += _check_listed(known, certificate.serial, issuer.subject, revoked=revoked, proven=proven)
            asked[issuer.key_id] = known
        if anchored.needs_list:
            warnings += _check_fresh(known, issuer.subject, trust=trust, occasion=occasion)
    for row in trust.seen:
        if row.key == anchored.key.id and not is_good(row, trust=trust, revoked=revoked, proven=proven):
            message = f"key {row.key[:12]}: its certificate was revoked, with which it came before"
            raise SignatureError(message, hint=_ANOTHER)
    return tuple(asked.values()), tuple(warnings)


def is_good(row: Seen, *, trust: Trust, revoked: Revoked, proven: datetime | None = None) -> bool:
    """Whether the certificates that a key came with are not revoked, or were not when a signature was ``proven``."""
    for certificate in row.certificates:
        issuer, _, serial = certificate.partition(" ")
        known = trust.find_list(issuer)
        when = revoked(known, int(serial, 16)) if known else None
        if when is not None and (proven is None or proven >= when):
            return False
    return True


_ANOTHER = "ask the publisher for a package that another key signed; expert-cli trust list shows what is trusted"


def _check_listed(
    known: KnownList, serial: int, issuer: str, *, revoked: Revoked, proven: datetime | None
) -> Iterator[str]:  # fmt: skip
    """Nothing, or a warning where the signature was proven to be there before."""
    when = revoked(known, serial)
    if when is None:
        return
    message = f"certificate {serial:x}: revoked {format_moment(when)}, says list {known.number} of {issuer}"
    if proven is None or proven >= when:
        raise SignatureError(message, hint=_ANOTHER)
    yield f"{message}; a witness saw this signature before, {format_moment(proven)}"


def _check_fresh(known: KnownList | None, issuer: str, *, trust: Trust, occasion: Occasion) -> Iterator[str]:
    """Nothing, or a warning where the rules are content with one."""
    hint = f"expert-cli trust update LIST, with the newest revocation list of {issuer}"
    if known is None:
        raise SignatureError(f"revocation: expected a list of {issuer}, got none", hint=hint)
    if occasion.at >= parse_moment(known.next_update):
        rule = trust.rules.stale_install if occasion.use == "install" else trust.rules.stale_load
        message = f"revocation: list {known.number} of {issuer} was to be renewed by {known.next_update}"
        if rule == "refuse":
            raise SignatureError(message, hint=hint)
        yield message
