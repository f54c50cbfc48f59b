"""Checks that stand behind others: each is met here alone, so that it would be missed."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from expertkit.errors import FormatError, SignatureError
from expertkit.members import bundle
from expertkit.members.signatures import Signature
from expertkit.signing import PublicKey, canonical
from expertkit.signing.certificates import making
from expertkit.signing.certificates.reading import read
from expertkit.signing.certificates.revocation import MAX_NUMBER, make_list, read_list
from expertkit.signing.ed25519 import _ORDER, public_bytes
from expertkit.signing.statement import format_moment
from expertkit.signing.trust import EMPTY
from expertkit.signing.trust.authorities import issuer_of
from expertkit.signing.trust.state import from_json, with_root
from tests.signing.certificates.builders import make_specs


def test_too_many_signatures_to_look_at_are_not_looked_at() -> None:
    """The whole file has a limit, whatever each line of it has."""
    with pytest.raises(FormatError, match="signatures: expected at most 4194304 bytes"):
        bundle.decode(b"\n" * (4194304 + 1))


def test_too_long_a_text_is_not_parsed() -> None:
    """What is too long is told before anything of it is read."""
    with pytest.raises(FormatError, match="text: expected at most 1 bytes, got 2"):
        canonical.loads(b"{}", what="text", max_bytes=1)


def test_another_form_of_the_same_text_is_no_form_of_it() -> None:
    """Who reads it does not have to write it again to notice."""
    assert canonical.loads(b"{}", what="text", max_bytes=9) == {}
    with pytest.raises(FormatError, match="text: expected RFC 8785 JSON, got another form of it"):
        canonical.loads(b"{ }", what="text", max_bytes=9)


def test_an_envelope_in_another_form_is_not_made_right_in_silence() -> None:
    """What an archive would hold in its one form, a container cannot hold in another."""
    envelope = b'{"payload":"","payloadType":"x","signatures":[{"keyid":"","sig":""}]}'
    assert bundle.encode([Signature(envelope=envelope)]) == envelope
    with pytest.raises(ValueError, match="got another form of it"):
        bundle.encode([Signature(envelope=envelope + b" ")])


def test_a_list_has_a_number_that_others_can_read() -> None:
    """RFC 5280, section 5.2.3: at most 20 octets."""
    key, at = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32), datetime(2026, 1, 31, tzinfo=UTC)
    root = read(making.make_root(key, name="root", at=at, days=9))

    assert make_list(authority=root, key=key, number=MAX_NUMBER, at=at, days=1, entries={})
    with pytest.raises(FormatError, match="expected a number of at most 20 octets"):
        make_list(authority=root, key=key, number=MAX_NUMBER + 1, at=at, days=1, entries={})


@pytest.mark.parametrize("size", [31, 33])
def test_a_key_of_another_size_is_told(size: int) -> None:
    """Before anything is read into its bytes."""
    with pytest.raises(FormatError, match=f"public key: expected 32 bytes, got {size}"):
        PublicKey(bytes([3]) * size, "Ada")


def test_a_signature_whose_r_is_no_secret_is_refused() -> None:
    """OpenSSL takes it, made with the nonce 0 by whoever has the key; with it anybody could work the key out."""
    seed, message = bytes(range(32)), b"message"
    key = public_bytes(Ed25519PrivateKey.from_private_bytes(seed).public_key())
    r = (1).to_bytes(32, "little")
    scalar = int.from_bytes(hashlib.sha512(seed).digest()[:32], "little") & ((1 << 254) - 8) | 1 << 254
    challenge = int.from_bytes(hashlib.sha512(r + key + message).digest(), "little")
    signature = r + (challenge * scalar % _ORDER).to_bytes(32, "little")
    Ed25519PublicKey.from_public_bytes(key).verify(signature, message)

    with pytest.raises(SignatureError, match="not made by key"):
        PublicKey(key, "Ada").verify(signature, message)


@pytest.mark.parametrize(("issuer", "day", "is_believed"), [(1, 1, True), (3, 1, False), (1, 11, False)])
def test_a_list_is_by_an_authority_that_a_root_stands_behind_now(issuer: int, day: int, *, is_believed: bool) -> None:
    """A stranger's root has the same name and another key; the authority holds for ten days."""
    key, above, at = _key(2), _key(issuer), datetime(2026, 1, 31, tzinfo=UTC)
    root, other = (read(making.make_root(each, name="root", at=at, days=99)) for each in (_key(1), above))
    request = making.read_request(making.make_request(key, name="team", names=()))
    team = read(making.issue(request, authority=other, authority_key=above, at=at, days=10, is_authority=True))
    trust = with_root(EMPTY, root, needs_list=True, added=format_moment(at))
    later = at + timedelta(days=day)
    made = read_list(make_list(authority=team, key=key, number=1, at=later, days=9, entries={}))

    if is_believed:
        assert issuer_of(made, trust=trust, others=[team], at=later) == team
    else:
        with pytest.raises(SignatureError, match="expected a list of an authority that you trust, got one of CN=team"):
            issuer_of(made, trust=trust, others=[team], at=later)


def test_a_root_is_the_one_that_its_id_says() -> None:
    """What is shown of it to a person is its id, and what is believed its certificate."""
    at = datetime(2026, 1, 31, tzinfo=UTC)
    roots = [read(making.make_root(_key(number), name="root", at=at, days=99)) for number in (1, 3)]
    value = json.loads(json.dumps(with_root(EMPTY, roots[0], needs_list=True, added=format_moment(at)).to_json()))
    assert from_json(value, file="trust.json").roots[0].id == roots[0].id

    value["roots"][0]["id"] = roots[1].id

    with pytest.raises(FormatError, match=f"trust.json: expected the certificate {roots[1].id}, got another"):
        from_json(value, file="trust.json")


def test_a_signer_who_vouches_for_himself_is_no_root() -> None:
    """His certificate is signed with its own key, and is no authority's."""
    signer, _root = make_specs(0)
    signer.issuer, signer.issuer_key = signer.subject, signer.key
    signer.drop(x509.AuthorityKeyIdentifier)

    with pytest.raises(SignatureError, match="certificate: expected an authority's own, got one of CN=Ada for CN=Ada"):
        with_root(EMPTY, read(signer.sign()), needs_list=True, added="2026-01-31T00:00:00Z")


def _key(number: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
