"""A certificate has one byte form, and says nothing that is not understood."""

from __future__ import annotations

import base64

import pytest
from cryptography import x509
from cryptography.x509.oid import ObjectIdentifier

from expertkit.errors import FormatError
from expertkit.signing.certificates import der
from expertkit.signing.certificates.names import read_name
from expertkit.signing.certificates.reading import ED25519, MAX_SIZE, read, read_pem, read_signed, to_pem
from expertkit.signing.certificates.requests import read_request
from expertkit.signing.certificates.showing import read_any
from expertkit.signing.ed25519 import PublicKey
from tests.signing.certificates import corpus
from tests.signing.certificates.builders import (
    AT,
    NAME,
    YEAR,
    constraints,
    make_chain,
    make_specs,
    replacing,
    sign_all,
    split,
    uris,
    usage,
)

PRIME = 2**255 - 19

RULES: list[tuple[corpus.Defect, str]] = [
    (corpus.trailing_bytes, "expected its end, got tag 0x05"),
    (corpus.long_length, "expected a length in its shortest form"),
    (corpus.indefinite_length, "expected a length in its shortest form"),
    (corpus.version_1, "expected X.509 version 3, got version 1"),
    (corpus.version_2, "expected X.509 version 3, got version 2"),
    (corpus.parameters, "key: expected Ed25519 without parameters"),
    (corpus.key_of_a_curve, "key: expected Ed25519 without parameters"),
    (corpus.serial_zero, "expected a positive serial number"),
    (corpus.serial_negative, "expected a positive serial number"),
    (corpus.serial_too_long, "at most 20 octets"),
    (corpus.duplicate_extension, r"got 2.5.29.14 twice"),
    (corpus.explicit_default, "expected TRUE or nothing, got '00'"),
    (corpus.unknown_critical, r"no critical extension that is unknown, got 1.3.6.1.4.1.99999.1"),
    (corpus.small_order_key, "for which anybody can sign"),
    (corpus.no_point_key, "expected a point of the curve"),
    (corpus.too_large, f"expected at most {MAX_SIZE} bytes"),
    (corpus.issuer_named_too, "authority key identifier: expected its end"),
    (corpus.name_of_another_kind, "alternative names: expected its end, got tag 0x82"),
    *((corpus.uri_of(uri), "alternative names: expected") for uri in corpus.URIS.values()),
    (corpus.uri_of("expert:///"), "expected an expert's name"),
    (corpus.uri_of("expert://.x..y/"), "expected an expert's name"),
    (corpus.uri_of("expert://x y/"), "expected an expert's name"),
    (corpus.uri_of(f"expert://{'x' * 254}/"), "expected an expert's name"),
    (corpus.uri_of(f"expert://{NAME}/"), "expected each name once"),
]


def read_with(defect: corpus.Defect) -> None:
    """Read a signer's certificate that has one defect."""
    specs = make_specs(0)
    defect(specs, 0)
    read(specs[0].sign())


@pytest.mark.parametrize(
    ("defect", "message"), RULES, ids=[f"{place}-{defect.__name__}" for place, (defect, _) in enumerate(RULES)]
)
def test_a_malformed_certificate_is_refused_for_its_defect(defect: corpus.Defect, message: str) -> None:
    """Each clause of the profile is enforced by its own sentence."""
    with pytest.raises(FormatError, match=message):
        read_with(defect)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            der.sequence(der.encode(der.BOOLEAN, b"\xff")),
            der.sequence(der.encode(der.BOOLEAN, b"\0")),
            "TRUE or nothing",
        ),
        (der.encode(der.BITS, b"\x01\x06"), der.encode(der.BITS, b"\x00\x06"), "flags without zeros at the end"),
        (der.encode(der.BITS, b"\x01\x06"), der.encode(der.BITS, b"\x00"), "flags without zeros at the end"),
        (der.encode(der.BITS, b"\x01\x06"), der.encode(der.BITS, b""), "flags without zeros at the end"),
        (der.encode(der.BITS, b"\x01\x06"), der.encode(der.BITS, b"\x05\x06\x00\x20"), "expected 9 flags, got flag 18"),
    ],
    ids=["explicit false", "unused bits", "no bits", "nothing", "unknown flag"],
)
def test_a_value_in_an_extension_has_its_one_form_too(old: bytes, new: bytes, message: str) -> None:
    """The octets of an extension are read as strictly as what is around them."""
    spec = make_specs(0)[1]
    spec.put(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    spec.put(usage("key_cert_sign", "crl_sign"), critical=True)
    read(spec.sign())
    spec.patches.append(replacing(der.encode(der.OCTETS, old), der.encode(der.OCTETS, new)))

    with pytest.raises(FormatError, match=message):
        read(spec.sign())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("170d3237303330313132303030305a", "170b323730333031313230305a"),
        ("170d3237303330313132303030305a", "180f32303237303330313132303030305a"),
        ("170d3237303330313132303030305a", "170d3237303231393235303030305a"),
        ("170d3237303330313132303030305a", "17113237303330313132303030302b30303030"),
        ("170d3237303330313132303030305a", "170d3238303330313132303030305a"),
    ],
    ids=["no seconds", "four digits before 2050", "no such hour", "another zone", "not before its end"],
)
def test_a_time_has_one_form(old: str, new: str) -> None:
    """In UTC, to the second, with as many digits as its year wants, and the end after the beginning."""
    spec = make_specs(0)[0]
    spec.begin, spec.end = AT, AT + YEAR
    spec.patches.append(replacing(bytes.fromhex(old), bytes.fromhex(new)))

    with pytest.raises(FormatError, match="validity"):
        read(spec.sign())


@pytest.mark.parametrize("algorithm", ["300706032b65700500", "300506032b6571", "300d06092a864886f70d01010b0500"])
def test_another_algorithm_of_the_signature_is_refused(algorithm: str) -> None:
    """Inside and outside: Ed25519 with parameters, Ed448, RSA."""
    made = make_specs(0)[0].sign()
    (whole,) = split(made)
    tbs, _, signature = split(whole.content)
    serial = der.integer(make_specs(0)[0].serial)
    ours, other = bytes.fromhex("300506032b6570"), bytes.fromhex(algorithm)
    inside = der.encode(der.SEQUENCE, tbs.content.replace(serial + ours, serial + other))

    for changed in ((tbs.raw, other, signature.raw), (inside, ours, signature.raw)):
        with pytest.raises(FormatError, match="expected Ed25519 without parameters"):
            read(der.sequence(*changed))


def test_a_key_with_a_second_encoding_is_refused() -> None:
    """Y and y + p are one point; only the smaller is its name."""
    spec = make_specs(0)[0]
    raw = spec.key.public_key().public_bytes_raw()
    spec.patches.append(replacing(raw, (PRIME + 3).to_bytes(32, "little")))

    with pytest.raises(FormatError, match="canonical"):
        read(spec.sign())


@pytest.mark.parametrize(
    "extension",
    [
        x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.30"), der.sequence()),
        x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.30"), der.sequence(der.encode(0xA0))),
        x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.17"), der.sequence()),
        x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.37"), der.sequence()),
        x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.35"), der.sequence()),
        x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.14"), b""),
        x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.19"), der.sequence(der.integer(0))),
        x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.15"), b"\x03\x02\x07\x80\x00"),
        x509.NameConstraints(permitted_subtrees=[x509.UniformResourceIdentifier("")], excluded_subtrees=None),
        x509.NameConstraints(permitted_subtrees=[x509.UniformResourceIdentifier("a/b")], excluded_subtrees=None),
    ],
    ids=[
        "no constraints", "no subtrees", "no names", "no purposes", "no identifier", "nothing at all",
        "path length of no authority", "bytes after flags", "empty constraint", "constraint with a path",
    ],
)  # fmt: skip
def test_an_extension_that_says_nothing_or_nonsense_is_refused(extension: x509.ExtensionType) -> None:
    """Critical or not: what is understood is well-formed."""
    spec = make_specs(0)[0]
    for kind in [kind for kind, (known, _) in spec.extensions.items() if known.oid == extension.oid]:
        spec.drop(kind)
    spec.put(extension)

    with pytest.raises(FormatError):
        read(spec.sign())


def test_a_subtree_has_no_depth() -> None:
    """Minimum and maximum of RFC 5280 are not for use."""
    spec = make_specs(0)[1]
    spec.put(constraints(permitted=[NAME]), critical=True)
    base = der.encode(0x86, NAME.encode())
    old, new = (der.sequence(der.encode(0xA0, der.sequence(*each))) for each in ([base], [base, b"\x80\x01\x01"]))
    spec.patches.append(replacing(der.encode(der.OCTETS, old), der.encode(der.OCTETS, new)))

    with pytest.raises(FormatError, match="name constraints"):
        read(spec.sign())


@pytest.mark.parametrize("side", ["permitted", "excluded"])
def test_a_constraint_is_said_once(side: str) -> None:
    """As every name is."""
    spec = make_specs(0)[1]
    spec.put(constraints(**{side: [NAME, "expert-json", NAME]}), critical=True)

    with pytest.raises(FormatError, match="name constraints: expected each name once"):
        read(spec.sign())


def test_attributes_of_a_part_of_a_name_are_in_order() -> None:
    """Of their bytes, as DER has the members of a set; each once."""
    first, second = (
        der.sequence(der.oid(kind), der.encode(der.UTF8, b"Acme")) for kind in ("2.5.4.3", "2.5.4.10")
    )  # fmt: skip

    def name(*attributes: bytes) -> str:
        (value,) = split(der.sequence(der.encode(der.SET, *attributes)))
        return read_name(value, "subject")

    assert name(first, second) == "CN=Acme+O=Acme"
    for wrong in ([second, first], [first, first]):
        with pytest.raises(FormatError, match="expected the attributes of a part in their order"):
            name(*wrong)


def test_what_is_too_long_is_not_looked_into() -> None:
    """A file of certificates, a request; each with how long it may be."""
    with pytest.raises(FormatError, match=r"file: expected at most 8 certificates, got 262145 bytes"):
        read_pem(bytes(262_145), what="file")
    with pytest.raises(FormatError, match=rf"expected at most {MAX_SIZE} bytes, got {2 * MAX_SIZE + 1}"):
        read_request(bytes(2 * MAX_SIZE + 1))


def test_a_signature_has_one_length() -> None:
    """That of Ed25519."""
    for size in (0, 63, 65):
        signed = der.sequence(der.sequence(), ED25519, der.octet_bits(bytes(size)))
        with pytest.raises(FormatError, match=f"expected a signature of 64 bytes, got {size}"):
            read_signed(signed, "test")


@pytest.mark.parametrize("data", [b"", b"no DER", b"-----BEGIN PUBLIC KEY-----\n", der.sequence()])
def test_what_is_none_of_all_that_is_shown_is_refused(data: bytes) -> None:
    """With what could have been."""
    with pytest.raises(FormatError, match="file"):
        read_any(data, what="file")


def test_a_certificate_says_the_same_to_us_and_to_another_reader() -> None:
    """Every field of a certificate with all of them, compared with what pyca/cryptography reads."""
    specs = make_specs(1)
    corpus.long_name(specs, 1)
    specs[1].put(constraints(permitted=[NAME, ".acme"], excluded=["x.acme"]), critical=True)
    specs[0].put(x509.SubjectAlternativeName(uris(NAME, "a.acme")))

    for made in sign_all(specs):
        ours, theirs = read(made), x509.load_der_x509_certificate(made)
        assert ours.subject.replace("1.2.840.113549.1.9.1=#160e", "") == theirs.subject.rfc4514_string().replace(
            "1.2.840.113549.1.9.1=me@example.org", b"me@example.org".hex()
        )
        assert ours.subject_der == theirs.subject.public_bytes()
        assert ours.issuer_der == theirs.issuer.public_bytes()
        assert (ours.serial, ours.tbs, ours.signature) == (
            theirs.serial_number, theirs.tbs_certificate_bytes, theirs.signature,
        )  # fmt: skip
        assert (ours.not_before, ours.not_after) == (theirs.not_valid_before_utc, theirs.not_valid_after_utc)
        constraint = theirs.extensions.get_extension_for_class(x509.BasicConstraints).value
        assert (ours.is_authority, ours.path_length) == (constraint.ca, constraint.path_length)
        assert {each.oid.dotted_string for each in theirs.extensions if each.critical} == ours.critical
    signer, team, _ = map(read, sign_all(specs))
    assert signer.names == (NAME, "a.acme")
    assert (team.permitted, team.excluded) == ((NAME, ".acme"), ("x.acme",))
    assert (signer.usages, team.usages) == ({"digitalSignature"}, {"keyCertSign", "cRLSign"})
    assert signer.purposes == ("1.3.6.1.5.5.7.3.3",)
    assert signer.authority_key == team.subject_key is not None


def test_the_id_of_a_key_is_the_publishers() -> None:
    """A certificate and a line of text name the same key by the same digest."""
    (signer, *_), _ = make_chain(0)

    assert signer.key_id == PublicKey(signer.key, "Ada").id
    assert len(signer.id) == 64


def test_a_file_of_certificates_survives_its_round_trip() -> None:
    """Writing and reading gives the same, in the same order."""
    chain, root = make_chain(2)

    data = to_pem([*chain, root])

    assert read_pem(data, what="chain.pem") == (*chain, root)
    assert to_pem(read_pem(data, what="chain.pem")) == data


def test_a_file_of_certificates_holds_nothing_else() -> None:
    """No text between, no other line ends, no other kind of block, and no more than eight."""
    (signer, *_), _ = make_chain(0)
    good = to_pem([signer])
    joined = good.replace(base64.b64encode(signer.der)[:64] + b"\n", base64.b64encode(signer.der)[:64])
    others = [
        b"", b"\n", b"text\n" + good, good + b"text\n", good + b"\n", good[:-1], good.replace(b"\n", b"\r\n"), joined,
        good.replace(b"CERTIFICATE", b"PRIVATE KEY"), good.replace(b"END CERTIFICATE", b"END X"), to_pem([signer] * 9),
        good.replace(b"=", b""), good + good[: len(good) // 2], bytes(300_000), to_pem([]),
    ]  # fmt: skip

    for other in others:
        with pytest.raises(FormatError, match=r"^f\.pem: "):
            read_pem(other, what="f.pem")
    assert len(read_pem(to_pem([signer] * 8), what="f.pem")) == 8


def test_a_malformed_certificate_in_a_file_is_named_with_it() -> None:
    """The file comes first, then the defect."""
    specs = make_specs(0)
    corpus.serial_zero(specs, 0)
    text = base64.encodebytes(specs[0].sign()).replace(b"\n", b"")
    lines = b"".join(text[at : at + 64] + b"\n" for at in range(0, len(text), 64))

    with pytest.raises(FormatError, match=r"f\.pem: certificate: expected a positive serial"):
        read_pem(b"-----BEGIN CERTIFICATE-----\n" + lines + b"-----END CERTIFICATE-----\n", what="f.pem")
