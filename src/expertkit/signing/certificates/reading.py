"""A certificate as it is stored: X.509 v3 with Ed25519, in its one byte form.

Reading says what a certificate claims; ``path.check_path`` says whether to believe it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from expertkit.errors import FormatError
from expertkit.files import sha256_bytes
from expertkit.signing.certificates import der, extensions, names, pem
from expertkit.signing.ed25519 import SIGNATURE_SIZE, check_point

MAX_SIZE = 16 << 10
"""Largest certificate that is read, in bytes."""
MAX_CHAIN = 8
"""Most certificates in one file."""
ED25519 = der.sequence(der.oid("1.3.101.112"))
"""The one algorithm, of keys and of signatures; it has no parameters."""
MAX_SERIAL = 2**159 - 1
"""Largest serial number: 20 octets, of which the first bit is the sign."""

_VERSION, _EXTENSIONS = 0xA0, 0xA3
_V3 = 2
_TIMES = (der.UTC_TIME, der.GENERAL_TIME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What a certificate says, believed or not."""

    der: bytes
    tbs: bytes
    """The bytes that the issuer signed."""
    signature: bytes
    subject: str
    """RFC 4514 text."""
    issuer: str
    subject_der: bytes
    """The distinguished name in DER, which is what is compared."""
    issuer_der: bytes
    key: bytes
    """32 bytes, a canonical point that is not of small order."""
    serial: int
    not_before: datetime
    not_after: datetime
    """The first second in which it does not hold any more, as OpenSSL reads it."""
    is_authority: bool
    path_length: int | None
    """Most authorities between this one and a signer; None for any number."""
    usages: frozenset[str] | None
    """What the key may be used for; None where nothing is said."""
    purposes: tuple[str, ...] | None
    """Object identifiers of the extended key usage."""
    subject_key: bytes | None
    """Identifier of the key."""
    authority_key: bytes | None
    """Identifier of the issuer's key."""
    names: tuple[str, ...]
    """Experts that it may sign, as patterns; empty for whichever its issuers permit."""
    permitted: tuple[str, ...]
    """Patterns of the experts that those below may sign; empty for all."""
    excluded: tuple[str, ...]
    critical: frozenset[str]
    """Object identifiers of the critical extensions."""

    @property
    def id(self) -> str:
        """Hex SHA-256 of the certificate."""
        return sha256_bytes(self.der)

    @property
    def key_id(self) -> str:
        """Hex SHA-256 of the key's 32 bytes, as ``PublicKey.id``."""
        return sha256_bytes(self.key)

    @property
    def is_self_issued(self) -> bool:
        """Whether it names itself as its issuer."""
        return self.subject_der == self.issuer_der


@dataclass(frozen=True, slots=True)
class Signed:
    """Something signed: certificate, request or list."""

    tbs: bytes
    signature: bytes


def read(data: bytes) -> Certificate:
    """The certificate in ``data``, which is DER.

    Raises:
        FormatError: it is malformed, has another form, version or algorithm, a key that proves nothing, or
            something critical that is unknown.
    """
    what = "certificate"
    if len(data) > MAX_SIZE:
        raise FormatError(f"{what}: expected at most {MAX_SIZE} bytes, got {len(data)}")
    signed = read_signed(data, what)
    fields = der.inside(der.one(signed.tbs, der.SEQUENCE, what), what)
    _check_version(fields, what)
    serial = read_serial(fields.take(der.INTEGER), what)
    check_algorithm(fields.take(der.SEQUENCE), what)
    issuer = fields.take(der.SEQUENCE)
    not_before, not_after = _read_validity(fields.take(der.SEQUENCE), what)
    subject = fields.take(der.SEQUENCE)
    key = read_key(fields.take(der.SEQUENCE), what)
    found = extensions.read(der.one(fields.take(_EXTENSIONS).content, der.SEQUENCE, what), what)
    fields.end()
    return Certificate(
        der=data, tbs=signed.tbs, signature=signed.signature, serial=serial, key=key,
        subject=names.read_name(subject, f"{what}, subject"), subject_der=subject.raw,
        issuer=names.read_name(issuer, f"{what}, issuer"), issuer_der=issuer.raw,
        not_before=not_before, not_after=not_after,
        is_authority=found.is_authority, path_length=found.path_length,
        usages=found.usages, purposes=found.purposes,
        subject_key=found.subject_key, authority_key=found.authority_key,
        names=found.names, permitted=found.permitted, excluded=found.excluded, critical=found.critical,
    )  # fmt: skip


def read_pem(data: bytes, *, what: str) -> tuple[Certificate, ...]:
    """The certificates in a file, 1 to 8, in the order that they have there: the signer's first.

    Raises:
        FormatError: the file is no PEM in its one form, or a certificate in it is malformed.
    """
    if len(data) > 2 * MAX_CHAIN * MAX_SIZE:
        raise FormatError(f"{what}: expected at most {MAX_CHAIN} certificates, got {len(data)} bytes")
    ders = pem.decode(data, label=pem.CERTIFICATE, what=what)
    if len(ders) > MAX_CHAIN:
        raise FormatError(f"{what}: expected at most {MAX_CHAIN} certificates, got {len(ders)}")
    try:
        return tuple(map(read, ders))
    except FormatError as error:
        raise FormatError(f"{what}: {error}") from error


def to_pem(certificates: Iterable[Certificate]) -> bytes:
    """The file that ``read_pem`` reads."""
    return pem.encode(pem.CERTIFICATE, (certificate.der for certificate in certificates))


def read_signed(data: bytes, what: str) -> Signed:
    """What is signed and its signature, by whomever.

    Raises:
        FormatError: it is not DER of that, or of another algorithm than Ed25519.
    """
    fields = der.inside(der.one(data, der.SEQUENCE, what), what)
    tbs = fields.take(der.SEQUENCE)
    check_algorithm(fields.take(der.SEQUENCE), what)
    signature = der.read_octet_bits(fields.take(der.BITS), f"{what}, signature")
    fields.end()
    if len(signature) != SIGNATURE_SIZE:
        raise FormatError(f"{what}: expected a signature of {SIGNATURE_SIZE} bytes, got {len(signature)}")
    return Signed(tbs.raw, signature)


def check_algorithm(value: der.Value, what: str) -> None:
    """Return if the algorithm is Ed25519, without parameters.

    Raises:
        FormatError: it is another.
    """
    if value.raw != ED25519:
        raise FormatError(f"{what}: expected Ed25519 without parameters, got algorithm {value.raw[:24].hex()}")


def read_key(value: der.Value, what: str) -> bytes:
    """The 32 bytes of a public key.

    Raises:
        FormatError: it is of another algorithm, or one that proves nothing.
    """
    fields = der.inside(value, f"{what}, key")
    check_algorithm(fields.take(der.SEQUENCE), f"{what}, key")
    key = der.read_octet_bits(fields.take(der.BITS), f"{what}, key")
    fields.end()
    check_point(key, what=f"{what}, key")
    return key


def read_serial(value: der.Value, what: str) -> int:
    """A serial number.

    Raises:
        FormatError: it is not positive, or longer than 20 octets.
    """
    serial = der.read_integer(value, f"{what}, serial number")
    if not 0 < serial <= MAX_SERIAL:
        raise FormatError(
            f"{what}: expected a positive serial number of at most 20 octets, got {value.content[:24].hex()}"
        )
    return serial


def read_moment(fields: der.Fields, what: str) -> datetime:
    """The next field, a time."""
    return der.read_time(fields.take(*_TIMES), what)


def _check_version(fields: der.Fields, what: str) -> None:
    tagged = fields.take_if(_VERSION)
    version = der.read_integer(der.one(tagged.content, der.INTEGER, what), what) if tagged else 0
    if version != _V3:
        raise FormatError(f"{what}: expected X.509 version 3, got version {version + 1}")


def _read_validity(value: der.Value, what: str) -> tuple[datetime, datetime]:
    what = f"{what}, validity"
    fields = der.inside(value, what)
    begin, end = read_moment(fields, what), read_moment(fields, what)
    fields.end()
    if begin >= end:
        raise FormatError(f"{what}: expected an end after {begin:%Y-%m-%dT%H:%M:%SZ}, got {end:%Y-%m-%dT%H:%M:%SZ}")
    return begin, end
