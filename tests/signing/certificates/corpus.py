"""Chains with one defect each, by the defect's name and the place and depth where it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from expertkit.signing.certificates import der
from expertkit.signing.certificates.requests import seal
from tests.signing.certificates.builders import (
    AT,
    CODE_SIGNING,
    NAME,
    Spec,
    common_name,
    constraints,
    make_key,
    make_specs,
    replacing,
    sign_all,
    split,
    uris,
    usage,
)  # fmt: skip

ORDER = 2**252 + 27742317777372353535851937790883648493
_UNKNOWN = ObjectIdentifier("1.3.6.1.4.1.99999.1")
_SECOND = timedelta(seconds=1)


@dataclass
class Case:
    """A chain as it arrives, the root that is trusted and the expert that is asked about."""

    defect: str
    id: str
    chain: list[bytes] = field(default_factory=list)
    root: bytes = b""
    name: str = NAME


Defect = Callable[[list[Spec], int], None]
"""Spoils the certificate at a place of the chain, or one that it depends on."""


def signature_of_another(specs: list[Spec], place: int) -> None:
    """Another key signed it."""
    specs[place].issuer_key = make_key(99)


def expired(specs: list[Spec], place: int) -> None:
    """It held until a second ago."""
    specs[place].end = AT - _SECOND


def expires_now(specs: list[Spec], place: int) -> None:
    """It holds until now."""
    specs[place].end = AT


def not_yet_valid(specs: list[Spec], place: int) -> None:
    """It holds from the next second on."""
    specs[place].begin = AT + _SECOND


def flipped_signature(specs: list[Spec], place: int) -> None:
    """A bit of its signature is another."""
    specs[place].patches.append(lambda made, _key: made[:-40] + bytes([made[-40] ^ 1]) + made[-39:])


def second_signature(specs: list[Spec], place: int) -> None:
    """Its signature is written in a second way."""

    def patch(made: bytes, _key: Ed25519PrivateKey) -> bytes:
        return made[:-32] + (int.from_bytes(made[-32:], "little") + ORDER).to_bytes(32, "little")

    specs[place].patches.append(patch)


def changed_after_signing(specs: list[Spec], place: int) -> None:
    """It has another serial number than was signed."""

    def patch(made: bytes, _key: Ed25519PrivateKey) -> bytes:
        return made.replace(der.integer(specs[place].serial), der.integer(specs[place].serial + 1), 1)

    specs[place].patches.append(patch)


def unknown_critical(specs: list[Spec], place: int) -> None:
    """It says something critical that nobody knows."""
    specs[place].put(x509.UnrecognizedExtension(_UNKNOWN, b"\x05\x00"), critical=True)


def trailing_bytes(specs: list[Spec], place: int) -> None:
    """Something follows it."""
    specs[place].patches.append(lambda made, _key: made + b"\x05\x00")


def long_length(specs: list[Spec], place: int) -> None:
    """Its length is not in its shortest form."""
    specs[place].patches.append(lambda made, _key: b"\x30\x83\x00" + made[2:])


def indefinite_length(specs: list[Spec], place: int) -> None:
    """Its length is not written."""
    specs[place].patches.append(lambda made, _key: b"\x30\x80" + made[4:] + b"\x00\x00")


def version_1(specs: list[Spec], place: int) -> None:
    """It is of version 1, without extensions."""

    def patch(made: bytes, key: Ed25519PrivateKey) -> bytes:
        fields = split(split(split(made)[0].content)[0].content)
        return seal(der.sequence(*(each.raw for each in fields[1:-1])), key)

    specs[place].patches.append(patch)


def version_2(specs: list[Spec], place: int) -> None:
    """It is of version 2, with extensions."""
    specs[place].patches.append(replacing(bytes.fromhex("a003020102"), bytes.fromhex("a003020101")))


def parameters(specs: list[Spec], place: int) -> None:
    """The algorithm of its key has parameters."""
    specs[place].patches.append(replacing(_spki(specs[place]), _spki(specs[place], "300706032b65700500")))


def serial_zero(specs: list[Spec], place: int) -> None:
    """Its serial number is 0."""
    specs[place].patches.append(replacing(der.integer(specs[place].serial), b"\x02\x01\x00"))


def serial_negative(specs: list[Spec], place: int) -> None:
    """Its serial number is -1."""
    specs[place].patches.append(replacing(der.integer(specs[place].serial), b"\x02\x01\xff"))


def serial_too_long(specs: list[Spec], place: int) -> None:
    """Its serial number has 21 octets."""
    specs[place].patches.append(replacing(der.integer(specs[place].serial), der.integer(2**160)))


def duplicate_extension(specs: list[Spec], place: int) -> None:
    """It says twice which key it has."""
    specs[place].put(x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.99"), b"\x04\x02\x01\x01"))
    specs[place].patches.append(replacing(der.oid("2.5.29.99"), der.oid("2.5.29.14")))


def explicit_default(specs: list[Spec], place: int) -> None:
    """An extension says that it is not critical."""
    kind = der.oid("2.5.29.14")
    specs[place].patches.append(replacing(kind, kind + b"\x01\x01\x00"))


def small_order_key(specs: list[Spec], place: int) -> None:
    """Anybody can sign for its key."""
    specs[place].patches.append(replacing(_spki(specs[place])[-32:], (1).to_bytes(32, "little")))


def no_point_key(specs: list[Spec], place: int) -> None:
    """Its key is no point of the curve."""
    specs[place].patches.append(replacing(_spki(specs[place])[-32:], (2).to_bytes(32, "little")))


def key_of_a_curve(specs: list[Spec], place: int) -> None:
    """Its key is one of P-256."""
    specs[place].key = generate_private_key(SECP256R1())
    if place:
        specs[place - 1].issuer_key = specs[place].key
    _put_identifiers(specs, place)


def too_large(specs: list[Spec], place: int) -> None:
    """It has more than 16 KiB."""
    specs[place].put(x509.UnrecognizedExtension(_UNKNOWN, bytes(17_000)))


def other_issuer(specs: list[Spec], place: int) -> None:
    """It names another issuer."""
    specs[place].issuer = common_name("Somebody")


def other_letters(specs: list[Spec], place: int) -> None:
    """It names its issuer in other bytes that mean the same."""
    *parts, last = specs[place].issuer
    specs[place].issuer = x509.Name([*parts, x509.NameAttribute(last.oid, last.value, _type=_ASN1Type.IA5String)])


def key_identifier_of_another(specs: list[Spec], place: int) -> None:
    """It names another key of its issuer."""
    specs[place].put(x509.AuthorityKeyIdentifier(b"another", None, None))


def issuer_named_too(specs: list[Spec], place: int) -> None:
    """It names its issuer's certificate too."""
    issuer = specs[min(place + 1, len(specs) - 1)]
    names = [x509.DirectoryName(issuer.issuer)]
    identifier = x509.SubjectKeyIdentifier.from_public_key(issuer.key.public_key()).digest
    specs[place].put(x509.AuthorityKeyIdentifier(identifier, names, issuer.serial))


def no_authority(specs: list[Spec], place: int) -> None:
    """It says that it is no authority."""
    specs[place].put(x509.BasicConstraints(ca=False, path_length=None), critical=True)


def no_basic_constraints(specs: list[Spec], place: int) -> None:
    """It does not say whether it is an authority."""
    specs[place].drop(x509.BasicConstraints)


def constraints_not_critical(specs: list[Spec], place: int) -> None:
    """It says that it is an authority, but not critically."""
    specs[place].put(x509.BasicConstraints(ca=True, path_length=None))


def no_key_usage(specs: list[Spec], place: int) -> None:
    """It does not say what its key is for."""
    specs[place].drop(x509.KeyUsage)


def no_usage_of_signer(specs: list[Spec], place: int) -> None:
    """It does not say what its key is for."""
    specs[place].drop(x509.KeyUsage)


def no_certificate_signing(specs: list[Spec], place: int) -> None:
    """Its key is not for certificates."""
    specs[place].put(usage("crl_sign", "digital_signature"), critical=True)


def path_length_exceeded(specs: list[Spec], place: int) -> None:
    """It has more authorities below it than it may."""
    specs[place].put(x509.BasicConstraints(ca=True, path_length=place - 2), critical=True)


def self_issued_not_counted(specs: list[Spec], place: int) -> None:
    """It has more authorities below it than it may, one of them under its own name."""
    specs[place].put(x509.BasicConstraints(ca=True, path_length=place - 2), critical=True)
    specs[place - 1].subject = specs[place - 1].issuer = specs[place].subject
    specs[place - 2].issuer = specs[place].subject


def authority_for_servers(specs: list[Spec], place: int) -> None:
    """It may issue certificates of servers alone."""
    specs[place].put(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]))


def same_key_twice(specs: list[Spec], place: int) -> None:
    """It has the key of its issuer."""
    specs[place].key = specs[place + 1].key
    if place:
        specs[place - 1].issuer_key = specs[place].key
    _put_identifiers(specs, place)


def names_outside(specs: list[Spec], place: int) -> None:
    """It does not permit the signer's expert."""
    specs[place].put(constraints(permitted=["expert-json"]), critical=True)


def names_excluded(specs: list[Spec], place: int) -> None:
    """It excludes the signer's expert."""
    specs[place].put(constraints(excluded=[NAME]), critical=True)


def second_name_outside(specs: list[Spec], place: int) -> None:
    """It does not permit one of the signer's experts."""
    specs[place].put(constraints(permitted=[NAME]), critical=True)
    specs[0].put(x509.SubjectAlternativeName(uris(NAME, "expert-json")))


def pattern_as_wide_as_its_limit(specs: list[Spec], place: int) -> None:
    """It permits a suffix, and the signer has all of it."""
    specs[place].put(constraints(permitted=[NAME, ".acme"]), critical=True)
    specs[0].put(x509.SubjectAlternativeName(uris(NAME, ".acme")))


def authority_named_outside(specs: list[Spec], place: int) -> None:
    """It does not permit a name of the authority below it."""
    specs[place].put(constraints(permitted=[NAME]), critical=True)
    specs[place - 1].put(x509.SubjectAlternativeName(uris("expert-json")))


def nameless_and_not_permitted(specs: list[Spec], place: int) -> None:
    """It does not permit the expert, whom the signer does not name."""
    specs[place].put(constraints(permitted=["expert-json"]), critical=True)
    specs[0].drop(x509.SubjectAlternativeName)


def constraints_of_another_kind(specs: list[Spec], place: int) -> None:
    """It permits names of hosts alone."""
    names = x509.NameConstraints(permitted_subtrees=[x509.DNSName("acme.example")], excluded_subtrees=None)
    specs[place].put(names, critical=True)


def signer_is_authority(specs: list[Spec], place: int) -> None:
    """The signer is an authority."""
    specs[place].put(x509.BasicConstraints(ca=True, path_length=None), critical=True)


def signer_signs_certificates(specs: list[Spec], place: int) -> None:
    """The signer's key is for certificates too."""
    specs[place].put(usage("digital_signature", "key_cert_sign"), critical=True)


def signer_signs_no_data(specs: list[Spec], place: int) -> None:
    """The signer's key is not for data."""
    specs[place].put(usage("content_commitment"), critical=True)


def signer_without_purpose(specs: list[Spec], place: int) -> None:
    """The signer has no purpose."""
    specs[place].drop(x509.ExtendedKeyUsage)


def signer_for_any_purpose(specs: list[Spec], place: int) -> None:
    """The signer has any purpose."""
    specs[place].put(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]))


def signer_for_servers(specs: list[Spec], place: int) -> None:
    """The signer is a server."""
    specs[place].put(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]))


def another_expert(specs: list[Spec], place: int) -> None:
    """The signer signs another expert."""
    specs[place].put(x509.SubjectAlternativeName(uris("expert-json")))


def uri_of(text: str) -> Defect:
    """The defect that the signer is named by this URI too."""

    def defect(specs: list[Spec], place: int) -> None:
        names = [*uris(NAME), x509.UniformResourceIdentifier(text)]
        specs[place].put(x509.SubjectAlternativeName(names))

    return defect


def name_of_another_kind(specs: list[Spec], place: int) -> None:
    """The signer has the name of a host too."""
    specs[place].put(x509.SubjectAlternativeName([*uris(NAME), x509.DNSName("expert.example")]))


def unknown_but_not_critical(specs: list[Spec], place: int) -> None:
    """It says something that nobody knows."""
    specs[place].put(x509.UnrecognizedExtension(_UNKNOWN, b"\x05\x00"))


def beyond_2050(specs: list[Spec], place: int) -> None:
    """It holds until 2061."""
    specs[place].end = datetime(2061, 1, 2, tzinfo=UTC)


def begins_now(specs: list[Spec], place: int) -> None:
    """It holds from now on."""
    specs[place].begin = AT


def without_identifiers(specs: list[Spec], place: int) -> None:
    """It names no keys."""
    specs[place].drop(x509.SubjectKeyIdentifier)
    specs[place].drop(x509.AuthorityKeyIdentifier)


def more_purposes(specs: list[Spec], place: int) -> None:
    """It has another purpose too."""
    specs[place].put(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION, CODE_SIGNING]), critical=True)


def names_inside(specs: list[Spec], place: int) -> None:
    """It permits the signer's experts."""
    specs[place].put(constraints(permitted=[NAME, ".acme"], excluded=["expert-x.acme"]), critical=True)
    specs[0].put(x509.SubjectAlternativeName(uris(NAME, "a.acme", ".b.acme")))


def long_name(specs: list[Spec], place: int) -> None:
    """Its name has many parts."""
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ' Müller, "Söhne" + Co; <=> \\ '),
            x509.NameAttribute(NameOID.EMAIL_ADDRESS, "me@example.org"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"#{place}"),
        ]
    )
    specs[place].subject = subject
    for below in specs[max(place - 1, 0) : place]:
        below.issuer = subject
    if place == len(specs) - 1:
        specs[place].issuer = subject


SIGNER, AUTHORITY, ROOT = "signer", "authority", "root"
ANYWHERE = frozenset({SIGNER, AUTHORITY, ROOT})
ISSUERS, ISSUED, SIGNERS = frozenset({AUTHORITY, ROOT}), frozenset({SIGNER, AUTHORITY}), frozenset({SIGNER})

GOOD: dict[Defect, frozenset[str]] = {
    unknown_but_not_critical: ANYWHERE,
    beyond_2050: ANYWHERE,
    begins_now: ANYWHERE,
    without_identifiers: ANYWHERE,
    long_name: ANYWHERE,
    more_purposes: ANYWHERE,
    names_inside: ISSUERS,
}
"""What is no defect, and where it may be."""

DEFECTS: dict[Defect, frozenset[str]] = {
    **dict.fromkeys(
        (
            signature_of_another, expired, expires_now, not_yet_valid, flipped_signature, second_signature,
            changed_after_signing, unknown_critical, trailing_bytes, long_length, indefinite_length, version_1,
            version_2, parameters, serial_zero, serial_negative, serial_too_long, duplicate_extension,
            explicit_default, small_order_key, no_point_key, too_large, other_issuer,
        ),
        ANYWHERE,
    ),
    **dict.fromkeys(
        (key_of_a_curve, other_letters, key_identifier_of_another, same_key_twice, issuer_named_too), ISSUED
    ),
    **dict.fromkeys(
        (
            no_authority, no_basic_constraints, constraints_not_critical, no_key_usage, no_certificate_signing,
            authority_for_servers, names_outside, names_excluded, second_name_outside, pattern_as_wide_as_its_limit,
            nameless_and_not_permitted, constraints_of_another_kind,
        ),
        ISSUERS,
    ),
    **dict.fromkeys(
        (
            signer_is_authority, signer_signs_certificates, signer_signs_no_data, signer_without_purpose,
            signer_for_any_purpose, signer_for_servers, another_expert, no_usage_of_signer, name_of_another_kind,
        ),
        SIGNERS,
    ),
}  # fmt: skip
"""Every defect of one certificate, and where it can be."""

ABOVE: tuple[Defect, ...] = (path_length_exceeded, self_issued_not_counted, authority_named_outside)
"""Defects of an authority that has another one below it."""

URIS = {
    "other_scheme": "https://expert-sql/",
    "with_path": "expert://expert-sql/x",
    "without_slash": "expert://expert-sql",
    "with_port": "expert://expert-sql:1/",
    "with_user": "expert://me@expert-sql/",
    "with_capitals": "expert://Expert-sql/",
    "with_query": "expert://expert-sql/?x",
}
"""Names of a signer that are none."""


def chain_defects(depth: int) -> Iterator[Case]:
    """Chains whose certificates are good, but not their number or order."""
    *chain, root = sign_all(make_specs(depth))
    *strange, other = sign_all(make_specs(1, seed=9))
    made = {
        "root_of_others": (chain, other),
        "chain_of_others": (strange, root),
        "same_certificate_twice": ([*chain, chain[-1]], root),
        "stranger_at_the_end": ([*chain, other], root),
    }
    if depth:
        made |= {"issuer_missing": (chain[:-1], root), "root_in_between": ([chain[0], root, *chain[1:]], root)}
    if depth > 1:
        made |= {"wrong_order": ([chain[0], *reversed(chain[1:])], root)}
    if depth > 2:
        made |= {"too_many_authorities": (chain, root)}
    for defect, (found, trusted) in made.items():
        yield Case(defect, f"{defect}-{depth}", found, trusted)


def good_cases() -> Iterator[Case]:
    """Chains that hold."""
    yield from (_case(_nothing, specs, 0, depth) for depth in range(3) for specs in [make_specs(depth)])
    for variant, where in GOOD.items():
        yield from _placed(variant, where)


def bad_cases() -> Iterator[Case]:
    """Chains that do not hold."""
    for defect, where in DEFECTS.items():
        yield from _placed(defect, where)
    for name, uri in URIS.items():
        yield from (_case(uri_of(uri), make_specs(depth), 0, depth, name=name) for depth in range(3))
    for defect in ABOVE:
        for depth, place in ((1, 2), (2, 2), (2, 3)):
            yield _case(defect, make_specs(depth), place, depth)
    for depth in range(4):
        yield from (case for case in chain_defects(depth) if depth < 3 or case.defect == "too_many_authorities")


def mixed_cases(count: int, *, seed: int) -> Iterator[Case]:
    """Chains with two or three things out of the ordinary, good or bad."""
    random = Random(seed)
    defects = [(defect, where) for defect, where in DEFECTS.items() if not _patches(defect)]
    for number in range(count):
        depth = random.randrange(3)
        specs, chosen = make_specs(depth, seed=number), list[str]()
        for variant, where in random.choices([*GOOD.items()] * 4 + defects, k=random.choice([2, 3])):
            for place in random.sample(_places(where, depth), k=1) if _places(where, depth) else []:
                variant(specs, place)
                chosen.append(f"{variant.__name__}-{place}")
        *chain, root = sign_all(specs)
        yield Case("+".join(chosen), f"{number}-{'+'.join(chosen)}", chain, root)


def _patches(defect: Defect) -> bool:
    """Whether a defect is one of the bytes, which may not be where another one is."""
    specs = make_specs(1)
    defect(specs, 0)
    return bool(specs[0].patches)


def _placed(defect: Defect, where: frozenset[str]) -> Iterator[Case]:
    for depth in range(3):
        for place in _places(where, depth):
            yield _case(defect, make_specs(depth), place, depth)


def _places(where: frozenset[str], depth: int) -> list[int]:
    """Places of a chain with that many authorities between signer and root."""
    kinds = [SIGNER, *[AUTHORITY] * depth, ROOT]
    return [place for place, kind in enumerate(kinds) if kind in where]


def _case(defect: Defect, specs: list[Spec], place: int, depth: int, *, name: str | None = None) -> Case:
    defect(specs, place)
    *chain, root = sign_all(specs)
    called = name or defect.__name__
    return Case(called, f"{called}-{place}-of-{depth + 1}", chain, root)


def _nothing(_specs: list[Spec], _place: int) -> None:
    """Leave the chain as it is."""


def _put_identifiers(specs: list[Spec], place: int) -> None:
    """Make the key identifiers those of the keys."""
    public = specs[place].key.public_key()
    specs[place].put(x509.SubjectKeyIdentifier.from_public_key(public))
    if place:
        specs[place - 1].put(x509.AuthorityKeyIdentifier.from_issuer_public_key(public))


def _spki(spec: Spec, algorithm: str = "300506032b6570") -> bytes:
    raw = spec.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return der.sequence(bytes.fromhex(algorithm), der.octet_bits(raw))
