"""Making certificates: pure, of keys and times that the caller brings.

What is issued has been read again and holds from its issuer on, or it is not given.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from expertkit.errors import SignatureError
from expertkit.signing.certificates import der, extensions, path
from expertkit.signing.certificates.names import check_pattern, common_name
from expertkit.signing.certificates.reading import ED25519, MAX_SERIAL, Certificate, read
from expertkit.signing.certificates.requests import Request, make_request, read_request, seal, spki
from expertkit.signing.ed25519 import public_bytes
from expertkit.signing.signer import SigningKey

__all__ = ["Request", "issue", "make_request", "make_root", "read_request"]

_VERSION_3 = der.encode(0xA0, der.integer(2))
_EXTENSIONS = 0xA3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A certificate before it is signed."""

    subject: bytes
    issuer: bytes
    key: bytes
    begin: datetime
    end: datetime
    extensions: Sequence[bytes]

    def sign(self, key: SigningKey) -> bytes:
        """The certificate, under a new random serial number."""
        return seal(
            der.sequence(
                _VERSION_3, der.integer(secrets.randbelow(MAX_SERIAL) + 1), ED25519, self.issuer,
                der.sequence(der.time(self.begin), der.time(self.end)), self.subject, spki(self.key),
                der.encode(_EXTENSIONS, der.sequence(*self.extensions)),
            ),
            key,
        )  # fmt: skip


def make_root(
    key: SigningKey, *, name: str, at: datetime, days: int,
    permitted: Sequence[str] = (), path_length: int | None = path.MAX_INTERMEDIATES,
) -> bytes:  # fmt: skip
    """A certificate that ``key`` gives itself, in DER.

    Args:
        key: the root's.
        name: of the organisation.
        at: when it begins to hold.
        days: how long it holds.
        permitted: patterns of the experts that may be signed below it; none for all.
        path_length: most authorities between it and a signer; None for any number.

    Raises:
        FormatError: a name is none.
    """
    subject, public = common_name(name), public_bytes(key.public_key())
    begin = at.replace(microsecond=0)
    made = _Draft(
        subject=subject, issuer=subject, key=public, begin=begin, end=begin + timedelta(days=days),
        extensions=[
            *extensions.authority(path_length), extensions.subject_key(extensions.key_identifier(public)),
            *_constraints(permitted, ()),
        ],
    ).sign(key)  # fmt: skip
    root = read(made)
    path.check_step(root, issuer=root, between=0)
    return made


def issue(  # noqa: PLR0913  # what an issuer decides
    request: Request, *, authority: Certificate, authority_key: SigningKey, at: datetime, days: int,
    is_authority: bool = False, path_length: int | None = None,
    names: Sequence[str] | None = None, permitted: Sequence[str] = (),
) -> bytes:  # fmt: skip
    """The certificate that an authority gives whoever asks, in DER.

    Args:
        request: of ``read_request``.
        authority: the issuer's certificate.
        authority_key: the issuer's key.
        at: when it begins to hold.
        days: how long it holds; never longer than the issuer's.
        is_authority: whether it is to issue certificates and not to sign packages.
        path_length: of an authority, most authorities below it; None for none.
        names: the experts granted, as patterns; by default those that were asked for, () for no limit of its own.
        permitted: of an authority, the experts that those below it may sign; by default those granted to it, or
            the issuer's own.

    Raises:
        SignatureError: the issuer may not give that, or is another than its key says.
        FormatError: a name is none.
    """
    granted = tuple(request.names if names is None else names)
    begin = at.replace(microsecond=0)
    _check_issuer(request, authority, authority_key)
    path.check_time(authority, at)
    _check_days(authority, begin, days)
    if is_authority:
        limits = tuple(permitted) or granted or authority.permitted
        about = _authority(authority, path_length=path_length or 0, permitted=limits)
    else:
        about = _signer(granted)
    made = _Draft(
        subject=request.subject_der, issuer=authority.subject_der, key=request.key,
        begin=begin, end=begin + timedelta(days=days),
        extensions=[
            *about, extensions.subject_key(extensions.key_identifier(request.key)),
            extensions.authority_key(authority.subject_key or extensions.key_identifier(authority.key)),
        ],
    ).sign(authority_key)  # fmt: skip
    certificate = read(made)
    if is_authority:
        path.check_step(certificate, issuer=authority, between=1 + (path_length or 0))
    else:
        path.check_chain((certificate, authority), at=begin)
    return made


def _check_issuer(request: Request, authority: Certificate, key: SigningKey) -> None:
    """Return if the key is the authority's, and whoever asks is somebody else."""
    what = f"certificate of {authority.subject}"
    if public_bytes(key.public_key()) != authority.key:
        raise SignatureError(f"{what}: expected its own key to issue with, got another")
    if request.key == authority.key:
        raise SignatureError(f"{what}: expected a request of another key than the issuer's, got the same")
    if request.subject_der == authority.subject_der:
        raise SignatureError(f"{what}: expected a request of another name than the issuer's, got the same")


def _check_days(authority: Certificate, begin: datetime, days: int) -> None:
    most = (authority.not_after - begin).days
    if days > most:
        message = f"certificate of {authority.subject}: expected at most {most} days, which it holds itself, got {days}"
        raise SignatureError(message, hint=f"--days {most}" if most else "make a new authority first")


def _signer(granted: Sequence[str]) -> list[bytes]:
    """The extensions of a signer; whether the authority may grant so much is asked of what was made."""
    for pattern in granted:
        check_pattern(pattern, "names")
    return [*extensions.signer(), *extensions.alternative_names(granted)]


def _authority(authority: Certificate, *, path_length: int, permitted: Sequence[str]) -> list[bytes]:
    """The extensions of an authority below another one, whose limits it keeps.

    A limit that is the issuer's own, letter by letter, is within it.
    """
    path.check_granted(authority, [pattern for pattern in permitted if pattern not in authority.permitted])
    most = path.MAX_INTERMEDIATES if authority.path_length is None else authority.path_length
    if path_length >= most:
        raise SignatureError(
            f"certificate of {authority.subject}: expected an authority with a path length below {most}, "
            f"got {path_length}" if most else
            f"certificate of {authority.subject}: expected a signer, got an authority, which it may not issue"
        )  # fmt: skip
    return [*extensions.authority(path_length), *_constraints(permitted, authority.excluded)]


def _constraints(permitted: Sequence[str], excluded: Sequence[str]) -> list[bytes]:
    for pattern in permitted:
        check_pattern(pattern, "permitted names")
    return extensions.name_constraints(permitted=permitted, excluded=excluded)
