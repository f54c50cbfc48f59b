"""Which authority made a revocation list: a trusted root, or one that a trusted root stands behind."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from expertkit.errors import SignatureError
from expertkit.signing.certificates.path import MAX_INTERMEDIATES, check_step, check_time
from expertkit.signing.certificates.reading import Certificate
from expertkit.signing.certificates.revocation import RevocationList, check_list
from expertkit.signing.trust.state import Trust


def issuer_of(
    found: RevocationList, *, trust: Trust, others: Sequence[Certificate], at: datetime
) -> Certificate:  # fmt: skip
    """The authority that made a list.

    Args:
        found: the list.
        trust: whose roots are trusted.
        others: certificates of authorities below them.
        at: the time at which every certificate has to be valid.

    Raises:
        SignatureError: nobody who is trusted.
    """
    known = [root.read() for root in trust.roots]
    for _ in range(MAX_INTERMEDIATES):
        known += [each for each in others if each not in known and _is_issued(each, known, at=at)]
    named = [each for each in known if each.subject_der == found.issuer_der]
    if not named:
        message = f"revocation: expected a list of an authority that you trust, got one of {found.issuer}"
        hint = (
            "expert-cli trust add ROOT.pem, or give the certificate of the authority below a root along with its list"
        )
        raise SignatureError(message, hint=hint)
    failed: list[SignatureError] = []
    for each in named:
        try:
            check_list(found, issuer=each, at=at)
        except SignatureError as error:
            failed.append(error)
        else:
            return each
    raise failed[0]


def _is_issued(certificate: Certificate, issuers: Sequence[Certificate], *, at: datetime) -> bool:
    """Whether one of the issuers made this authority."""
    for issuer in issuers:
        try:
            check_step(certificate, issuer=issuer, between=1)
            check_time(certificate, at)
        except SignatureError:
            continue
        return certificate.is_authority
    return False
