"""Whether to believe a certificate: the path from it to a root that the caller trusts.

The rules are those of RFC 5280, section 6, for one use, signing packages, and stricter where they leave a choice:
the chain is in order and complete, every authority counts towards a path length, no key and no certificate is
there twice. Revocation is ``revocation``'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

from expertkit.errors import FormatError, SignatureError
from expertkit.signing.certificates import extensions
from expertkit.signing.certificates.names import check_pattern, covered
from expertkit.signing.certificates.reading import Certificate
from expertkit.signing.ed25519 import PublicKey

MAX_INTERMEDIATES = 2
"""Most authorities between a signer and the root."""

_RENEW = "ask its issuer for a new one, who makes it with expert-cli cert issue"
_LIMITS = "ask for one by an issuer that may speak for this expert; expert-cli cert show tells which those are"


def check_path(chain: Sequence[Certificate], *, root: Certificate, name: str, at: datetime) -> tuple[Certificate, ...]:
    """The path from a signer's certificate to the root, if it holds for the expert ``name`` at the time ``at``.

    Args:
        chain: the signer's certificate, then its issuer's and so on; the root may be the last one or be missing.
        root: the certificate that is trusted.
        name: the expert that was signed, such as ``expert-sql``.
        at: a time with its zone.

    Returns:
        Signer, intermediate authorities, root.

    Raises:
        SignatureError: the path does not hold.
    """
    path = _arrange(chain, root)
    _check_root(root)
    check_chain(path, at=at, names=[name])
    _check_named(path[0], name)
    return path


def check_chain(chain: Sequence[Certificate], *, at: datetime, names: Sequence[str] = ()) -> None:
    """Return if every certificate of a chain was made by the one after it, and the first is a signer's.

    Nothing is said about the last one: whether it is trusted.

    Args:
        chain: the signer's certificate, then its issuer's and so on.
        at: a time with its zone.
        names: experts that every issuer must permit, beside those named in the certificates.

    Raises:
        SignatureError: the chain does not hold.
    """
    _check_different(chain)
    for between, (certificate, issuer) in enumerate(pairwise(chain)):
        check_step(certificate, issuer=issuer, between=between)
    for certificate in chain:
        check_time(certificate, at)
    check_signer(chain[0])
    for place, issuer in enumerate(chain[1:], start=1):
        check_granted(issuer, [*names, *(pattern for each in chain[:place] for pattern in each.names)])


def check_step(certificate: Certificate, *, issuer: Certificate, between: int) -> None:
    """Return if ``issuer`` made a certificate and may make such.

    Args:
        certificate: the one that is judged.
        issuer: the one that stands above it.
        between: how many authorities the path has below ``issuer``.

    Raises:
        SignatureError: another issuer made it, or this one may not.
    """
    check_issued(certificate, issuer=issuer)
    what = f"certificate of {issuer.subject}"
    if not issuer.is_authority or extensions.BASIC_CONSTRAINTS not in issuer.critical:
        raise SignatureError(f"{what}: expected an authority by a critical extension, got none")
    if extensions.SIGNS_CERTIFICATES not in (issuer.usages or ()):
        raise SignatureError(f"{what}: expected a key that may sign certificates, got another usage")
    if issuer.path_length is not None and issuer.path_length < between:
        raise SignatureError(f"{what}: expected at most {issuer.path_length} authorities below it, got {between}")
    if issuer.purposes is not None and extensions.CODE_SIGNING not in issuer.purposes:
        raise SignatureError(f"{what}: expected code signing among its purposes, got others")


def check_issued(certificate: Certificate, *, issuer: Certificate) -> None:
    """Return if ``issuer``'s key made a certificate in its name.

    Raises:
        SignatureError: another one did.
    """
    what = f"certificate of {certificate.subject}"
    if certificate.issuer_der != issuer.subject_der:
        got = f"{certificate.issuer}{' in other bytes' * (certificate.issuer == issuer.subject)}"
        raise SignatureError(f"{what}: expected one issued by {issuer.subject}, got one by {got}")
    named, found = certificate.authority_key, issuer.subject_key
    if named is not None and found is not None and named != found:
        raise SignatureError(f"{what}: expected key {found.hex()} of its issuer, got one issued by key {named.hex()}")
    verify(certificate.signature, certificate.tbs, issuer=issuer, what=what)


def verify(signature: bytes, tbs: bytes, *, issuer: Certificate, what: str) -> None:
    """Return if ``issuer``'s key signed these bytes.

    Raises:
        SignatureError: it did not, or the signature has another reading.
    """
    try:
        PublicKey(issuer.key, "issuer").verify(signature, tbs)
    except SignatureError as error:
        raise SignatureError(f"{what}: expected the signature of {issuer.subject}, got another: {error}") from error


def check_time(certificate: Certificate, at: datetime) -> None:
    """Return if a certificate holds at that time.

    Raises:
        SignatureError: it does not yet or not any more.
    """
    what = f"certificate of {certificate.subject}"
    if at < certificate.not_before:
        raise SignatureError(
            f"{what}: not valid before {_moment(certificate.not_before)}, which is after {_moment(at)}"
        )
    if at >= certificate.not_after:
        raise SignatureError(f"{what}: expired {_moment(certificate.not_after)}", hint=_RENEW)


def check_signer(certificate: Certificate) -> None:
    """Return if a certificate is one for signing packages and nothing above that.

    Raises:
        SignatureError: it is not.
    """
    what = f"certificate of {certificate.subject}"
    usages = certificate.usages or frozenset()
    if certificate.is_authority or extensions.SIGNS_CERTIFICATES in usages:
        raise SignatureError(f"{what}: expected a signer of packages, got an authority")
    if extensions.SIGNS_DATA not in usages:
        raise SignatureError(f"{what}: expected a key that may sign data, got another usage")
    if extensions.CODE_SIGNING not in (certificate.purposes or ()):
        message = f"{what}: expected the purpose of code signing by its own name, got others or none"
        raise SignatureError(message, hint=_RENEW)


def check_granted(issuer: Certificate, patterns: Sequence[str]) -> None:
    """Return if ``issuer`` may let others sign these experts.

    Raises:
        SignatureError: it may not.
    """
    for pattern in patterns:
        is_permitted = not issuer.permitted or covered(issuer.permitted, pattern)
        if not is_permitted or covered(issuer.excluded, pattern):
            limits = ", ".join([*issuer.permitted, *(f"not {excluded}" for excluded in issuer.excluded)])
            message = f"certificate of {issuer.subject}: expected an expert of {limits}, got {pattern}"
            raise SignatureError(message, hint=_LIMITS)


def _arrange(chain: Sequence[Certificate], root: Certificate) -> tuple[Certificate, ...]:
    """The chain with the root at its end."""
    if not chain:
        raise SignatureError("certificates: expected a signer's, got none")
    path = (*chain, root) if chain[-1].der != root.der else tuple(chain)
    if len(path) == 1:
        raise SignatureError(f"certificate of {root.subject}: expected a signer's, got the root alone")
    if len(path) > MAX_INTERMEDIATES + 2:
        raise SignatureError(f"certificates: expected at most {MAX_INTERMEDIATES} between signer and root, got more")
    return path


def _check_root(root: Certificate) -> None:
    if not root.is_self_issued:
        raise SignatureError(f"certificate of {root.subject}: expected a root, got one issued by {root.issuer}")
    check_issued(root, issuer=root)


def _check_different(chain: Sequence[Certificate]) -> None:
    if len({certificate.der for certificate in chain}) != len(chain):
        raise SignatureError("certificates: expected each one once, got one twice")
    if len({certificate.key for certificate in chain}) != len(chain):
        raise SignatureError("certificates: expected a key for each one, got the same key twice")


def _check_named(signer: Certificate, name: str) -> None:
    what = f"certificate of {signer.subject}"
    try:
        check_pattern(name, "expert")
    except FormatError as error:
        raise SignatureError(f"{what}: {error}") from error
    if name.startswith(".") or (signer.names and not covered(signer.names, name)):
        wanted = ", ".join(signer.names) or "any name"
        hint = f"a certificate for it is made with expert-cli cert issue --for {name}"
        raise SignatureError(f"{what}: expected an expert of {wanted}, got {name}", hint=hint)


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
