"""A request for a certificate, PKCS#10: a name, a key and the experts to sign, signed by that key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from expertkit.errors import FormatError, SignatureError
from expertkit.files import sha256_bytes
from expertkit.signing.certificates import der, extensions, pem
from expertkit.signing.certificates.names import check_pattern, common_name, read_name
from expertkit.signing.certificates.reading import ED25519, MAX_SIZE, read_key, read_signed
from expertkit.signing.ed25519 import PublicKey, public_bytes
from expertkit.signing.signer import SigningKey

_ATTRIBUTES = 0xA0
_EXTENSION_REQUEST = "1.2.840.113549.1.9.14"
_WHAT = "certificate request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Who asks for a certificate, for which key and which experts."""

    der: bytes
    subject: str
    """RFC 4514 text."""
    subject_der: bytes
    key: bytes
    """32 bytes; whoever asks has shown to have the private key."""
    names: tuple[str, ...]
    """Experts to be signed, as patterns; empty for whichever the issuer permits."""

    @property
    def key_id(self) -> str:
        """Hex SHA-256 of the key's 32 bytes, as ``PublicKey.id``."""
        return sha256_bytes(self.key)


def make_request(key: SigningKey, *, name: str, names: Sequence[str]) -> bytes:
    """The request of ``name`` for a certificate of ``key``, in DER.

    Raises:
        FormatError: a name is none.
    """
    info = der.sequence(
        der.integer(0), common_name(name), spki(public_bytes(key.public_key())),
        der.encode(_ATTRIBUTES, *_attributes(names)),
    )  # fmt: skip
    return seal(info, key)


def read_request(data: bytes) -> Request:
    """The request in ``data``, DER or PEM.

    Raises:
        FormatError: it is malformed or of another algorithm.
        SignatureError: whoever asks does not have the key.
    """
    if len(data) > 2 * MAX_SIZE:
        raise FormatError(f"{_WHAT}: expected at most {MAX_SIZE} bytes, got {len(data)}")
    data = pem.unwrap(data, label=pem.REQUEST, what=_WHAT)
    signed = read_signed(data, _WHAT)
    fields = der.inside(der.one(signed.tbs, der.SEQUENCE, _WHAT), _WHAT)
    version = der.read_integer(fields.take(der.INTEGER), _WHAT)
    subject = fields.take(der.SEQUENCE)
    key = read_key(fields.take(der.SEQUENCE), _WHAT)
    asked = _read_attributes(fields.take(_ATTRIBUTES))
    fields.end()
    if version != 0:
        raise FormatError(f"{_WHAT}: expected version 1, got version {version + 1}")
    text = read_name(subject, f"{_WHAT}, subject")
    try:
        PublicKey(key, "subject").verify(signed.signature, signed.tbs)
    except SignatureError as error:
        raise SignatureError(f"{_WHAT} of {text}: expected the signature of its own key, got another") from error
    return Request(der=data, subject=text, subject_der=subject.raw, key=key, names=asked)


def spki(key: bytes) -> bytes:
    """A public key with its algorithm."""
    return der.sequence(ED25519, der.octet_bits(key))


def seal(tbs: bytes, key: SigningKey) -> bytes:
    """What is to be signed, with algorithm and signature: a certificate, request or list."""
    return der.sequence(tbs, ED25519, der.octet_bits(key.sign(tbs)))


def _attributes(patterns: Sequence[str]) -> list[bytes]:
    for pattern in patterns:
        check_pattern(pattern, _WHAT)
    wanted = extensions.alternative_names(patterns)
    if not wanted:
        return []
    return [der.sequence(der.oid(_EXTENSION_REQUEST), der.encode(der.SET, der.sequence(*wanted)))]


def _read_attributes(value: der.Value) -> tuple[str, ...]:
    """The experts that are asked for; what else is asked for is the issuer's to decide."""
    what = f"{_WHAT}, attributes"
    found: dict[str, bytes] = {}
    for attribute in der.values(value.content, what):
        fields = der.inside(attribute, what)
        kind = der.read_oid(fields.take(der.OID), what)
        values = fields.take(der.SET)
        fields.end()
        if attribute.tag != der.SEQUENCE or kind in found:
            raise FormatError(f"{what}: expected each attribute once, got {kind}")
        found[kind] = values.content
    if _EXTENSION_REQUEST not in found:
        return ()
    return extensions.read(der.one(found[_EXTENSION_REQUEST], der.SEQUENCE, what), what).names
