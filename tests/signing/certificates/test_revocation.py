"""Revocation lists: complete, of one issuer, in one form; an old one is still one."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from expertkit.errors import FormatError, SignatureError
from expertkit.signing.certificates import der, pem
from expertkit.signing.certificates.reading import MAX_SERIAL, Certificate, read
from expertkit.signing.certificates.requests import seal
from expertkit.signing.certificates.revocation import MAX_SIZE, RevocationList, check_list, make_list, read_list
from tests.signing.certificates.builders import AT, common_name, make_key, make_specs, split, usage

MONTH = timedelta(days=30)
ISSUER = read(make_specs(0)[1].sign())
KEY = make_specs(0)[1].key

Builder = x509.CertificateRevocationListBuilder
moments = st.datetimes(datetime(1970, 1, 2), datetime(2060, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)


def ours(**more: Any) -> bytes:
    """A list of ours."""
    return make_list(**{"authority": ISSUER, "key": KEY, "number": 5, "at": AT, "days": 30, "entries": {}, **more})


def theirs(*entries: x509.RevokedCertificate, number: int | None = 5) -> Builder:
    """A list that another program will sign."""
    builder = Builder(common_name("Acme"), AT, AT + MONTH, revoked_certificates=list(entries))
    return builder.add_extension(x509.CRLNumber(number), critical=False) if number is not None else builder


def entry(serial: int, *extensions: x509.ExtensionType, critical: bool = False) -> x509.RevokedCertificate:
    """A revoked serial number."""
    builder = x509.RevokedCertificateBuilder(serial, AT)
    for extension in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.build()


def signed(builder: Builder, key: Any = KEY) -> bytes:
    """The list in DER."""
    return builder.sign(key, None if key is KEY else SHA256()).public_bytes(Encoding.DER)


@given(st.dictionaries(st.integers(1, MAX_SERIAL), moments, max_size=20), st.integers(0, 2**150))
def test_a_list_survives_its_round_trip(entries: dict[int, datetime], number: int) -> None:
    """Entries, number and times arrive as they were sent, in DER and in PEM."""
    data = ours(entries=entries, number=number)

    found = read_list(data)

    assert (found.entries, found.number, found.issuer) == (entries, number, "CN=Acme")
    assert (found.this_update, found.next_update) == (AT, AT + MONTH)
    assert read_list(pem.encode(pem.LIST, [data])) == found
    check_list(found, issuer=ISSUER, at=AT)


def test_the_same_entries_give_the_same_bytes() -> None:
    """Whatever their order is."""
    entries = {3: AT, 1: AT, 2: AT}

    assert ours(entries=entries) == ours(entries=dict(sorted(entries.items())))


def test_a_list_is_stale_from_its_next_update_on_and_still_one() -> None:
    """What it names stays revoked; going on with it is the caller's choice."""
    found = read_list(ours(entries={7: AT}))

    check_list(found, issuer=ISSUER, at=AT + 100 * MONTH)
    assert not found.is_stale(AT + MONTH - timedelta(seconds=1))
    assert found.is_stale(AT + MONTH)


def test_a_list_from_the_future_is_refused() -> None:
    """Beyond the ten minutes that clocks differ by."""
    found = read_list(ours())

    check_list(found, issuer=ISSUER, at=AT - timedelta(minutes=10))
    with pytest.raises(SignatureError, match="in the future of this computer's clock"):
        check_list(found, issuer=ISSUER, at=AT - timedelta(minutes=10, seconds=1))


def other_issuer() -> Certificate:
    """Another Acme."""
    return read(make_specs(0, seed=4)[1].sign())


def renamed_issuer() -> Certificate:
    """The same key under another name."""
    spec = make_specs(0)[1]
    spec.subject = spec.issuer = common_name("Somebody")
    return read(spec.sign())


def issuer_of_certificates_alone() -> Certificate:
    """The same key, which may not sign lists."""
    spec = make_specs(0)[1]
    spec.put(usage("key_cert_sign"), critical=True)
    return read(spec.sign())


def unnamed_issuer() -> Certificate:
    """Another Acme that does not name its key."""
    spec = make_specs(0, seed=4)[1]
    spec.drop(x509.SubjectKeyIdentifier)
    return read(spec.sign())


@pytest.mark.parametrize(
    ("issuer", "message"),
    [
        (other_issuer, "expected one by the key of CN=Acme, got one by another key"),
        (unnamed_issuer, "expected the signature of CN=Acme, got another"),
        (renamed_issuer, "expected one of CN=Somebody, got another"),
        (issuer_of_certificates_alone, "expected a key that may sign lists"),
    ],
)
def test_a_list_is_of_the_issuer_or_refused(issuer: Callable[[], Certificate], message: str) -> None:
    """Its name, its key, its signature and its right to sign lists."""
    with pytest.raises(SignatureError, match=message):
        check_list(read_list(ours()), issuer=issuer(), at=AT)


def test_a_list_is_made_with_the_key_of_its_issuer() -> None:
    """Who may not sign lists makes none."""
    with pytest.raises(SignatureError, match="expected its own key to sign a list"):
        ours(key=make_key(42))
    with pytest.raises(SignatureError, match="expected a key that may sign lists"):
        ours(authority=issuer_of_certificates_alone())


def test_every_flipped_bit_of_a_list_is_refused() -> None:
    """It is malformed, or its signature does not verify."""
    data = ours(entries={7: AT, 2**158: AT})

    for bit in range(8 * len(data)):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises((FormatError, SignatureError)):
            check_list(read_list(bytes(changed)), issuer=ISSUER, at=AT)


def test_what_another_program_made_is_read() -> None:
    """Reasons and dates beside an entry are put up with: it is revoked."""
    reason = x509.CRLReason(x509.ReasonFlags.key_compromise)
    data = signed(theirs(entry(7, reason, x509.InvalidityDate(datetime(2026, 1, 1)))))  # noqa: DTZ001  # naive is UTC there

    found = read_list(data)

    check_list(found, issuer=ISSUER, at=AT)
    assert found == RevocationList(
        der=data, tbs=found.tbs, signature=found.signature, issuer="CN=Acme", issuer_der=ISSUER.subject_der,
        authority_key=None, number=5, this_update=AT, next_update=AT + MONTH, entries={7: AT},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: signed(theirs(number=None).add_extension(_unknown(), critical=False)), "expected its number"),
        (lambda: signed(theirs().add_extension(x509.DeltaCRLIndicator(1), critical=True)), "got a part: 2.5.29.27"),
        (lambda: signed(theirs().add_extension(x509.DeltaCRLIndicator(1), critical=False)), "got a part: 2.5.29.27"),
        (lambda: signed(theirs().add_extension(_point(indirect=True), critical=True)), "got a part: 2.5.29.28"),
        (lambda: signed(theirs().add_extension(_point(indirect=False), critical=False)), "got a part: 2.5.29.28"),
        (lambda: signed(theirs().add_extension(_unknown(), critical=True)), "unknown, got 1.2.3"),
        (lambda: signed(theirs(entry(7, _unknown(), critical=True))), "unknown, got 1.2.3"),
        (lambda: signed(theirs(entry(7, x509.CertificateIssuer([x509.DNSName("a")])))), "unknown, got 2.5.29.29"),
        (lambda: signed(theirs(entry(7), entry(7))), "expected each serial number once"),
        (lambda: signed(theirs(), generate_private_key(SECP256R1())), "expected Ed25519 without parameters"),
        (lambda: ours() + b"\0\0", "expected a DER value"),
        (lambda: ours()[:-1], "expected 1 more bytes"),
        (lambda: b"", "got the end"),
        (lambda: bytes(MAX_SIZE + 1), f"expected at most {MAX_SIZE} bytes"),
        (lambda: pem.encode(pem.LIST, [ours(), ours()]), "expected one X509 CRL, got 2"),
        (lambda: pem.encode(pem.CERTIFICATE, [ours()]), "expected PEM of X509 CRL"),
        (lambda: changed(lambda fields: fields[1:]), "revocation list: expected tag 0x02, got 0x30"),
        (lambda: changed(lambda fields: [der.integer(0), *fields[1:]]), "expected version 2"),
        (lambda: changed(lambda fields: [*fields[:4], *fields[5:]]), "expected tag 0x17 or 0x18, got 0xa0"),
        (lambda: changed(lambda fields: [*fields[:4], fields[3], *fields[5:]]), "expected the next update after"),
        (lambda: changed(lambda fields: [*fields[:5], der.sequence(), *fields[5:]]), "expected tag 0x30, got the end"),
        (lambda: changed(lambda fields: fields[:-1]), "expected tag 0xa0, got the end"),
    ],
    ids=[
        "no number", "delta", "delta not critical", "indirect", "distribution point", "unknown critical",
        "unknown critical of an entry", "entry of another issuer", "serial number twice", "another algorithm",
        "bytes after it", "cut off", "nothing", "too large", "two lists", "another kind of PEM", "version 1",
        "version 1 written", "no next update", "next update now", "empty entries", "no extensions",
    ],
)  # fmt: skip
def test_a_malformed_or_partial_list_is_refused(made: Callable[[], bytes], message: str) -> None:
    """A list that we do not understand completely says nothing."""
    with pytest.raises(FormatError, match=message):
        read_list(made())


@pytest.mark.parametrize("serial", [0, MAX_SERIAL + 1])
def test_a_serial_number_that_no_certificate_has_is_refused(serial: int) -> None:
    """In a list that is made too."""
    with pytest.raises(FormatError, match="positive serial number"):
        ours(entries={serial: AT})


def test_a_hundred_thousand_entries_are_made_and_read_in_seconds() -> None:
    """Time grows with the entries, not with their square."""
    random = Random(1)
    entries = {random.randrange(1, MAX_SERIAL): AT for _ in range(100_000)}
    begin = time.perf_counter()

    found = read_list(ours(entries=entries))

    assert found.entries == entries
    assert time.perf_counter() - begin < 20


def changed(change: Callable[[list[bytes]], list[bytes]]) -> bytes:
    """A list of ours with other fields, signed again."""
    (whole,) = split(ours())
    fields = [each.raw for each in split(split(whole.content)[0].content)]
    return seal(der.sequence(*change(fields)), KEY)


def _point(*, indirect: bool) -> x509.IssuingDistributionPoint:
    return x509.IssuingDistributionPoint(
        full_name=None, relative_name=None, only_contains_user_certs=not indirect, only_contains_ca_certs=False,
        only_some_reasons=None, indirect_crl=indirect, only_contains_attribute_certs=False,
    )  # fmt: skip


def _unknown() -> x509.UnrecognizedExtension:
    return x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\5\0")
