"""Certificates made by another program than ours, so that any of their fields can be wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from expertkit.signing.certificates import der
from expertkit.signing.certificates.reading import Certificate, read
from expertkit.signing.certificates.requests import seal

AT = datetime(2027, 3, 1, 12, tzinfo=UTC)
"""When the certificates are judged."""
YEAR = timedelta(days=365)
NAME = "expert-sql"
CODE_SIGNING = ExtendedKeyUsageOID.CODE_SIGNING
USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


@dataclass
class Spec:
    """A certificate that is not signed yet; everything can be changed."""

    subject: x509.Name
    issuer: x509.Name
    key: Any
    issuer_key: Any
    serial: int
    begin: datetime = AT - YEAR
    end: datetime = AT + YEAR
    extensions: dict[type[x509.ExtensionType], tuple[x509.ExtensionType, bool]] = field(default_factory=dict)
    patches: list[Callable[[bytes, Ed25519PrivateKey], bytes]] = field(default_factory=list)
    """What is done to the signed bytes, with the issuer's key at hand."""

    def put(self, extension: x509.ExtensionType, *, critical: bool = False) -> None:
        """Add an extension, or replace the one of its kind."""
        self.extensions[type(extension)] = (extension, critical)

    def drop(self, kind: type[x509.ExtensionType]) -> None:
        """Leave out the extension of a kind."""
        self.extensions.pop(kind, None)

    def sign(self) -> bytes:
        """The certificate in DER."""
        builder = x509.CertificateBuilder(
            issuer_name=self.issuer, subject_name=self.subject, public_key=self.key.public_key(),
            serial_number=self.serial, not_valid_before=self.begin, not_valid_after=self.end,
        )  # fmt: skip
        for extension, critical in self.extensions.values():
            builder = builder.add_extension(extension, critical)
        made = builder.sign(self.issuer_key, algorithm_of(self.issuer_key)).public_bytes(Encoding.DER)
        for patch in self.patches:
            made = patch(made, self.issuer_key)
        return made


def algorithm_of(key: Any) -> Any:
    """The hash that a key signs with; Ed25519 has its own."""
    from cryptography.hazmat.primitives.hashes import SHA256

    return None if isinstance(key, Ed25519PrivateKey) else SHA256()


def make_key(number: int) -> Ed25519PrivateKey:
    """The same key for the same number."""
    return Ed25519PrivateKey.from_private_bytes(number.to_bytes(32, "big"))


def common_name(text: str) -> x509.Name:
    """A name of one part."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def usage(*wanted: str) -> x509.KeyUsage:
    """Exactly these usages."""
    return x509.KeyUsage(**{name: name in wanted for name in USAGES})


def uris(*hosts: str) -> list[x509.GeneralName]:
    """The URIs of experts."""
    return [x509.UniformResourceIdentifier(f"expert://{host}/") for host in hosts]


def constraints(*, permitted: list[str] | None = None, excluded: list[str] | None = None) -> x509.NameConstraints:
    """Which experts may be signed."""
    return x509.NameConstraints(
        permitted_subtrees=[x509.UniformResourceIdentifier(host) for host in permitted] if permitted else None,
        excluded_subtrees=[x509.UniformResourceIdentifier(host) for host in excluded] if excluded else None,
    )


def make_specs(intermediates: int, *, seed: int = 0) -> list[Spec]:
    """A signer, that many authorities and a root, all of them good."""
    count = intermediates + 2
    names = [common_name(text) for text in ("Ada", *(f"Team {place}" for place in range(intermediates)), "Acme")]
    keys = [make_key(100 * seed + place + 1) for place in range(count)]
    specs = []
    for place in range(count):
        above = min(place + 1, count - 1)
        spec = Spec(names[place], names[above], keys[place], keys[above], serial=1000 * (seed + 1) + place)
        spec.put(x509.SubjectKeyIdentifier.from_public_key(spec.key.public_key()))
        if above != place:
            spec.put(x509.AuthorityKeyIdentifier.from_issuer_public_key(keys[above].public_key()))
        _put_kind(spec, place)
        specs.append(spec)
    return specs


def _put_kind(spec: Spec, place: int) -> None:
    if place == 0:
        spec.put(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        spec.put(usage("digital_signature"), critical=True)
        spec.put(x509.ExtendedKeyUsage([CODE_SIGNING]))
        spec.put(x509.SubjectAlternativeName(uris(NAME)))
    else:
        spec.put(x509.BasicConstraints(ca=True, path_length=place - 1), critical=True)
        spec.put(usage("key_cert_sign", "crl_sign"), critical=True)


def sign_all(specs: list[Spec]) -> list[bytes]:
    """The certificates in DER, the signer's first and the root last."""
    return [spec.sign() for spec in specs]


def make_chain(intermediates: int = 1) -> tuple[list[Certificate], Certificate]:
    """A good chain without its root, and the root."""
    *chain, root = map(read, sign_all(make_specs(intermediates)))
    return chain, root


def split(data: bytes) -> list[der.Value]:
    """The values that follow one another."""
    return list(der.values(data, "value"))


def replacing(old: bytes, new: bytes) -> Callable[[bytes, Ed25519PrivateKey], bytes]:
    """A patch of what is signed: bytes that are there once become others, lengths and signature are put right."""

    def patch(made: bytes, key: Ed25519PrivateKey) -> bytes:
        (whole,) = split(made)
        tbs = split(whole.content)[0].raw
        return seal(replace_inside(tbs, old, new), key)

    return patch


def replace_inside(value: bytes, old: bytes, new: bytes) -> bytes:
    """Encoded value with ``old``, which is in it once and within one field, replaced; lengths are put right."""
    (found,) = split(value)
    assert value.count(old) == 1, (value.hex(), old.hex())
    if value == old:
        return new
    if not found.tag & 0x20:
        return der.encode(found.tag, found.content.replace(old, new))
    parts = [part.raw for part in split(found.content)]
    holders = [part for part in parts if old in part]
    if not holders:  # it reaches over several fields
        return der.encode(found.tag, found.content.replace(old, new))
    return der.encode(found.tag, *(replace_inside(part, old, new) if part in holders else part for part in parts))
