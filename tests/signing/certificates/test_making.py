"""What is issued holds, and what would not hold is not issued."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from expertkit.errors import ExpertError, FormatError, SignatureError
from expertkit.signing.certificates import der, pem
from expertkit.signing.certificates.making import Request, issue, make_request, make_root, read_request
from expertkit.signing.certificates.names import covers
from expertkit.signing.certificates.path import check_path
from expertkit.signing.certificates.reading import Certificate, read
from expertkit.signing.certificates.requests import seal
from tests.signing.certificates.builders import AT, NAME, common_name, make_key, split, uris

ROOT_KEY, TEAM_KEY, KEY = make_key(1), make_key(2), make_key(3)
PATTERNS = [NAME, "expert-json", ".acme", "expert-sql.acme", ".x.acme"]


def root_of(**more: Any) -> Certificate:
    """Acme's root, which holds for 100 days."""
    return read(make_root(ROOT_KEY, **{"name": "Acme", "at": AT, "days": 100, **more}))


def request_of(key: Ed25519PrivateKey = KEY, *, name: str = "Ada", names: tuple[str, ...] = (NAME,)) -> Request:
    """Ada's request."""
    return read_request(make_request(key, name=name, names=names))


def issued(root: Certificate, asked: Request | None = None, **more: Any) -> Certificate:
    """What the root issues for 10 days."""
    wanted = {"authority": root, "authority_key": ROOT_KEY, "at": AT, "days": 10, **more}
    return read(issue(asked or request_of(), **wanted))


def team_of(root: Certificate, **more: Any) -> Certificate:
    """An authority below the root."""
    return issued(root, request_of(TEAM_KEY, name="Team", names=()), is_authority=True, **more)


def test_a_root_says_who_until_when_and_what_it_permits() -> None:
    """A key that vouches for itself, critically an authority."""
    root = root_of(permitted=[NAME], at=AT + timedelta(microseconds=5))

    assert (root.subject, root.issuer) == ("CN=Acme", "CN=Acme")
    assert (root.not_before, root.not_after) == (AT, AT + timedelta(days=100))
    assert (root.is_authority, root.path_length, root.permitted, root.names) == (True, 2, (NAME,), ())
    assert root.critical == {"2.5.29.15", "2.5.29.19", "2.5.29.30"}


def test_serial_numbers_are_long_and_random() -> None:
    """Two certificates of the same request differ; a number has 159 bits at most."""
    root = root_of()

    serials = {issued(root).serial for _ in range(20)}

    assert len(serials) == 20
    assert max(serial.bit_length() for serial in serials) in range(150, 160)


@pytest.mark.parametrize("name", ["", " Acme", "A\nB", "x" * 65, "\u202eemcA"])
def test_a_name_is_printable(name: str) -> None:
    """In a root and in a request."""
    with pytest.raises(FormatError, match="name: expected 1 to 64 printable characters"):
        root_of(name=name)
    with pytest.raises(FormatError, match="name: expected 1 to 64 printable characters"):
        make_request(KEY, name=name, names=())


@pytest.mark.parametrize("names", [["Expert"], ["expert://expert-sql/"], [""], [NAME, "a..b"]])
def test_an_experts_name_is_one(names: list[str]) -> None:
    """Wherever names are given."""
    with pytest.raises(FormatError, match="permitted names: expected an expert's name"):
        root_of(permitted=names)
    with pytest.raises(FormatError, match="permitted names: expected an expert's name"):
        team_of(root_of(), permitted=names)
    with pytest.raises(FormatError, match="expected an expert's name"):
        make_request(KEY, name="Ada", names=names)
    with pytest.raises(FormatError, match="expected an expert's name"):
        issued(root_of(), names=names)


def test_a_request_survives_der_and_pem() -> None:
    """Name, key and experts arrive as they were sent."""
    data = make_request(KEY, name="Ada Ä", names=[NAME, ".acme"])

    asked = read_request(data)

    assert read_request(pem.encode(pem.REQUEST, [data])) == asked
    assert (asked.subject, asked.names) == ("CN=Ada Ä", (NAME, ".acme"))
    assert asked.key == KEY.public_key().public_bytes_raw()


def test_every_flipped_bit_of_a_request_is_refused() -> None:
    """Whoever asks has the key, and asked for exactly this."""
    data = make_request(KEY, name="Ada", names=[NAME])

    for bit in range(8 * len(data)):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises((FormatError, SignatureError)):
            read_request(bytes(changed))


def test_a_request_signed_by_another_key_is_refused() -> None:
    """Proof of possession."""
    (whole,) = split(make_request(KEY, name="Ada", names=[NAME]))
    info = split(whole.content)[0].raw

    with pytest.raises(SignatureError, match="request of CN=Ada: expected the signature of its own key"):
        read_request(seal(info, TEAM_KEY))


def test_a_request_of_another_version_or_with_an_attribute_twice_is_refused() -> None:
    """Version 1, and each attribute once."""
    (whole,) = split(make_request(KEY, name="Ada", names=[NAME]))
    version, *middle, attributes = [each.raw for each in split(split(whole.content)[0].content)]
    twice = der.encode(0xA0, 2 * split(attributes)[0].content)

    for fields in ([der.integer(1), *middle, attributes], [version, *middle, twice], [version, *middle]):
        with pytest.raises(FormatError, match="certificate request"):
            read_request(seal(der.sequence(*fields), KEY))
    assert read_request(seal(der.sequence(version, *middle, attributes), KEY)).names == (NAME,)


@pytest.mark.parametrize(
    ("extension", "message"),
    [
        (x509.SubjectAlternativeName([x509.DNSName("a.b")]), "alternative names"),
        (x509.SubjectAlternativeName([x509.UniformResourceIdentifier("https://a/")]), "expected expert://NAME/"),
        (x509.SubjectAlternativeName(uris(NAME, NAME)), "each name once"),
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0"), "critical extension that is unknown"),
    ],
)
def test_a_request_for_what_is_not_understood_is_refused(extension: x509.ExtensionType, message: str) -> None:
    """Rather than granting a part of it."""
    builder = x509.CertificateSigningRequestBuilder(common_name("Ada")).add_extension(extension, critical=True)

    with pytest.raises(FormatError, match=message):
        read_request(builder.sign(KEY, None).public_bytes(Encoding.DER))


def test_a_request_of_another_algorithm_or_size_is_refused() -> None:
    """Ed25519 alone, and 16 KiB."""
    key = generate_private_key(SECP256R1())
    other = x509.CertificateSigningRequestBuilder(common_name("Ada")).sign(key, SHA256()).public_bytes(Encoding.DER)
    good = make_request(KEY, name="Ada", names=[])

    for data in (
        other,
        b"",
        bytes(40_000),
        good + b"\0",
        pem.encode(pem.REQUEST, [good, good]),
        pem.encode(pem.LIST, [good]),
    ):
        with pytest.raises(FormatError, match="certificate request"):
            read_request(data)


def test_a_signer_gets_the_experts_that_it_asked_for_or_others() -> None:
    """The issuer has the last word: as asked, others, or any."""
    root = root_of()

    assert issued(root).names == (NAME,)
    assert issued(root, names=["expert-json"]).names == ("expert-json",)
    assert issued(root, names=[]).names == ()


def test_nobody_outlives_the_issuer() -> None:
    """The most days possible are named, and possible."""
    root = root_of()

    with pytest.raises(SignatureError, match="expected at most 99 days, which it holds itself, got 100") as refusal:
        issued(root, at=AT + timedelta(hours=1), days=100)

    assert refusal.value.hint == "--days 99"
    assert issued(root, at=AT + timedelta(hours=1), days=99).not_after < root.not_after
    assert issued(root, days=100).not_after == root.not_after


@pytest.mark.parametrize("days", [0, -1])
def test_a_certificate_holds_for_a_while(days: int) -> None:
    """It ends after it begins."""
    with pytest.raises(FormatError, match="expected an end after"):
        issued(root_of(), days=days)


def test_an_authority_issues_while_it_holds_itself() -> None:
    """Neither before nor after."""
    root = root_of()

    with pytest.raises(SignatureError, match="not valid before"):
        issued(root, at=AT - timedelta(days=1))
    with pytest.raises(SignatureError, match="expired"):
        issued(root, at=AT + timedelta(days=100))


def test_the_key_is_the_authoritys_and_nobody_elses() -> None:
    """Another key does not issue; its own key and name get no second certificate."""
    root = root_of()

    with pytest.raises(SignatureError, match="expected its own key to issue with"):
        issued(root, authority_key=TEAM_KEY)
    with pytest.raises(SignatureError, match="expected a request of another key"):
        issued(root, request_of(ROOT_KEY))
    with pytest.raises(SignatureError, match="expected a request of another name"):
        issued(root, request_of(name="Acme"))


def test_a_signer_issues_nothing() -> None:
    """Not even with its own key."""
    signer = issued(root_of())

    with pytest.raises(SignatureError, match="CN=Ada: expected an authority"):
        issued(signer, request_of(TEAM_KEY, name="Eve"), authority_key=KEY, days=5)


def test_experts_that_the_authority_may_not_grant_are_refused() -> None:
    """Asked for or given."""
    root = root_of(permitted=["expert-json", ".acme"])

    with pytest.raises(SignatureError, match=r"expected an expert of expert-json, \.acme, got expert-sql"):
        issued(root)
    with pytest.raises(SignatureError, match=r"got \.acme"):
        issued(root, names=[".acme"])
    assert issued(root, names=["expert-json", ".x.acme"]).names == ("expert-json", ".x.acme")


def test_an_authority_below_keeps_the_limits_above() -> None:
    """By default it permits the same; it can permit less, the same letter by letter, but not more."""
    root = root_of(permitted=[NAME, ".acme"])

    assert team_of(root).permitted == (NAME, ".acme")
    assert team_of(root, permitted=[NAME]).permitted == (NAME,)
    assert team_of(root, permitted=[".acme"]).permitted == (".acme",)
    assert team_of(root, names=["x.acme"]).permitted == ("x.acme",)
    with pytest.raises(SignatureError, match="got expert-json"):
        team_of(root, permitted=["expert-json"])


def test_an_authority_below_gets_the_experts_that_it_asked_for_as_limits() -> None:
    """It signs no packages, so they are no names of its own."""
    team = issued(root_of(), request_of(TEAM_KEY, name="Team"), is_authority=True)

    assert (team.permitted, team.names, team.is_authority, team.path_length) == ((NAME,), (), True, 0)


def test_what_is_excluded_above_is_excluded_below() -> None:
    """A root of others may exclude experts; ours pass that on."""
    root = root_of(permitted=[".acme"])
    limited = Certificate(**{name: getattr(root, name) for name in root.__slots__} | {"excluded": ("x.acme",)})

    assert team_of(limited).excluded == ("x.acme",)
    with pytest.raises(SignatureError, match=r"got x\.acme"):
        issued(limited, names=["x.acme"])


def test_path_lengths_shrink_downwards() -> None:
    """A root of 1 has authorities of 0, and those have none."""
    root = root_of(path_length=1)
    team = team_of(root)

    with pytest.raises(SignatureError, match="expected an authority with a path length below 1, got 1"):
        team_of(root, path_length=1)
    with pytest.raises(SignatureError, match="expected a signer, got an authority"):
        issued(team, is_authority=True, authority_key=TEAM_KEY, days=5)
    with pytest.raises(SignatureError, match="path length below 2"):
        team_of(root_of(path_length=None), path_length=2)


@given(
    st.lists(st.sampled_from(PATTERNS), unique=True, max_size=3),
    st.lists(st.sampled_from(PATTERNS), unique=True, max_size=3),
    st.lists(st.sampled_from(PATTERNS), unique=True, max_size=3),
    st.sampled_from([None, 0, 1, 2]),
    st.integers(1, 120),
)
def test_whatever_is_issued_holds(
    permitted: list[str], narrowed: list[str], names: list[str], length: int | None, days: int
) -> None:
    """Root, authority, signer with any limits: refused when made, or believed for every name it has."""
    root = root_of(permitted=permitted, path_length=length)
    try:
        team = team_of(root, permitted=narrowed, days=days)
        signer = issued(team, names=names, authority_key=TEAM_KEY, days=days)
    except ExpertError:
        return
    for pattern in names:
        name = f"expert-y{pattern}" if pattern.startswith(".") else pattern
        assert covers(pattern, name)
        assert len(check_path([signer, team], root=root, name=name, at=AT + timedelta(days=days, seconds=-1))) == 3


def test_dates_from_2050_on_are_written_with_four_digits() -> None:
    """And read again."""
    root = root_of(at=datetime(2049, 12, 31, tzinfo=UTC), days=400)

    assert root.not_before == datetime(2049, 12, 31, tzinfo=UTC)
    assert root.not_after == datetime(2051, 2, 4, tzinfo=UTC)
