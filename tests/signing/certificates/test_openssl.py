"""What we make OpenSSL reads and verifies, and the other way round."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from expertkit.errors import SignatureError
from expertkit.signing.certificates import pem
from expertkit.signing.certificates.making import issue, make_request, make_root, read_request
from expertkit.signing.certificates.path import check_path
from expertkit.signing.certificates.reading import Certificate, read, read_pem, to_pem
from expertkit.signing.certificates.revocation import check_list, make_list, read_list
from tests.signing.certificates.builders import NAME, make_key
from tests.signing.certificates.openssl import openssl, verify

NOW = datetime.now(UTC).replace(microsecond=0)
ROOT_KEY, TEAM_KEY, KEY = make_key(1), make_key(2), make_key(3)

CONFIG = """
[ca]
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = default
default_days = 30
default_crl_days = 30
crlnumber = crlnumber
policy = any
crl_extensions = list
copy_extensions = copy
[any]
commonName = supplied
[list]
authorityKeyIdentifier = keyid
[root]
basicConstraints = critical, CA:TRUE, pathlen:1
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
nameConstraints = critical, permitted;URI:expert-sql, excluded;URI:expert-json
[team]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[signer]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = codeSigning
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = URI:expert://expert-sql/
"""


def make_ours(folder: Path) -> tuple[Certificate, Certificate, Certificate]:
    """Signer, authority and root of ours, in files."""
    root = read(make_root(ROOT_KEY, name="Acme", at=NOW, days=100, permitted=[NAME, ".acme"]))
    asked = read_request(make_request(TEAM_KEY, name="Team", names=[NAME]))
    team = read(issue(asked, authority=root, authority_key=ROOT_KEY, at=NOW, days=90, is_authority=True))
    asked = read_request(make_request(KEY, name="Ada", names=[NAME]))
    signer = read(issue(asked, authority=team, authority_key=TEAM_KEY, at=NOW, days=90))
    for name, certificate in (("root", root), ("team", team), ("signer", signer)):
        (folder / f"{name}.pem").write_bytes(to_pem([certificate]))
    return signer, team, root


def make_theirs(folder: Path) -> None:
    """A root, an authority and a signer that OpenSSL makes, in files."""
    (folder / "config").write_text(CONFIG)
    (folder / "index.txt").touch()
    (folder / "crlnumber").write_text("07\n")
    for name in ("root", "team", "signer"):
        openssl("genpkey", "-algorithm", "ed25519", "-out", f"{name}.key", cwd=folder)
        openssl("req", "-new", "-key", f"{name}.key", "-subj", f"/O=Acme/CN={name}", "-out", f"{name}.csr", cwd=folder)
    x509 = ("x509", "-req", "-days", "30", "-extfile", "config", "-extensions")
    openssl(*x509, "root", "-in", "root.csr", "-signkey", "root.key", "-out", "root.pem", cwd=folder)
    for name, above in (("team", "root"), ("signer", "team")):
        issuer = ("-CA", f"{above}.pem", "-CAkey", f"{above}.key", "-CAcreateserial")
        openssl(*x509, name, *issuer, "-in", f"{name}.csr", "-out", f"{name}.pem", cwd=folder)


def test_openssl_believes_our_certificates_in_its_strictest_mode(tmp_path: Path) -> None:
    """The chain verifies, with every check that OpenSSL has for conformance."""
    make_ours(tmp_path)

    refusal = verify(
        tmp_path / "signer.pem", between=tmp_path / "team.pem", root=tmp_path / "root.pem",
        at=NOW + timedelta(days=1), more=["-x509_strict"],
    )  # fmt: skip

    text = openssl("x509", "-in", "signer.pem", "-noout", "-text", cwd=tmp_path)
    assert refusal is None
    assert "Code Signing" in text
    assert "URI:expert://expert-sql/" in text


def test_openssl_verifies_our_request(tmp_path: Path) -> None:
    """With names and without."""
    for names in ([], [NAME, ".acme"]):
        (tmp_path / "a.csr").write_bytes(pem.encode(pem.REQUEST, [make_request(KEY, name="Ada Ä", names=names)]))

        text = openssl("req", "-in", "a.csr", "-verify", "-noout", "-text", cwd=tmp_path)

        assert "verify OK" in text
        assert all(f"URI:expert://{name}/" in text for name in names)


def test_openssl_obeys_our_revocation_list(tmp_path: Path) -> None:
    """The list verifies; without entries nobody is revoked, with the signer's number the signer is."""
    signer, team, root = make_ours(tmp_path)
    for revoked in ({}, {signer.serial: NOW}):
        lists = [
            make_list(authority=root, key=ROOT_KEY, number=1, at=NOW, days=9, entries={}),
            make_list(authority=team, key=TEAM_KEY, number=2, at=NOW, days=9, entries=revoked),
        ]
        (tmp_path / "lists.crl").write_bytes(pem.encode(pem.LIST, lists))
        (tmp_path / "team.crl").write_bytes(lists[1])

        said = openssl("crl", "-in", "team.crl", "-inform", "DER", "-verify", "-CAfile", "team.pem", cwd=tmp_path)
        refusal = verify(
            tmp_path / "signer.pem", between=tmp_path / "team.pem", root=tmp_path / "root.pem",
            at=NOW + timedelta(days=1), more=["-crl_check_all", "-CRLfile", "lists.crl"],
        )  # fmt: skip

        assert "verify OK" in said
        assert (refusal is None) == (not revoked)
        assert refusal is None or "certificate revoked" in refusal


def test_we_believe_certificates_that_openssl_made(tmp_path: Path) -> None:
    """Names of several parts, serial numbers of its own, limits on names."""
    make_theirs(tmp_path)
    chain = [*map(read_one, (tmp_path / "signer.pem", tmp_path / "team.pem"))]
    root = read_one(tmp_path / "root.pem")

    path = check_path(chain, root=root, name=NAME, at=NOW + timedelta(days=1))

    assert [each.subject for each in path] == ["CN=signer,O=Acme", "CN=team,O=Acme", "CN=root,O=Acme"]
    assert (root.permitted, root.excluded) == ((NAME,), ("expert-json",))
    with pytest.raises(SignatureError):
        check_path(chain, root=root, name="expert-json", at=NOW + timedelta(days=1))


def test_we_issue_on_requests_and_authorities_that_openssl_made(tmp_path: Path) -> None:
    """A request with a name and an attribute that is not ours to grant; its key, our certificate."""
    make_theirs(tmp_path)
    openssl(
        "req", "-new", "-key", "signer.key", "-subj", "/CN=Eve", "-addext", "subjectAltName=URI:expert://expert-sql/",
        "-addext", "basicConstraints=critical,CA:TRUE", "-outform", "DER", "-out", "eve.csr", cwd=tmp_path,
    )  # fmt: skip
    key = load_pem_private_key((tmp_path / "root.key").read_bytes(), None)
    root = read_one(tmp_path / "root.pem")
    assert isinstance(key, Ed25519PrivateKey)

    asked = read_request((tmp_path / "eve.csr").read_bytes())
    plain = read_request((tmp_path / "signer.csr").read_bytes())
    made = read(issue(asked, authority=root, authority_key=key, at=root.not_before, days=9))
    (tmp_path / "eve.pem").write_bytes(to_pem([made]))

    assert (asked.names, plain.names) == ((NAME,), ())
    assert not made.is_authority
    check_path([made], root=root, name=NAME, at=root.not_before)
    assert verify(tmp_path / "eve.pem", between=None, root=tmp_path / "root.pem", at=root.not_before) is None


def test_we_read_a_revocation_list_that_openssl_made(tmp_path: Path) -> None:
    """With a reason beside an entry, and without entries."""
    make_theirs(tmp_path)
    ca = ("ca", "-config", "config", "-name", "ca", "-cert", "team.pem", "-keyfile", "team.key")
    team, signer = read_one(tmp_path / "team.pem"), read_one(tmp_path / "signer.pem")

    openssl(*ca, "-gencrl", "-out", "empty.crl", cwd=tmp_path)
    openssl(*ca, "-revoke", "signer.pem", "-crl_reason", "keyCompromise", cwd=tmp_path)
    openssl(*ca, "-gencrl", "-out", "team.crl", cwd=tmp_path)
    openssl("crl", "-in", "team.crl", "-outform", "DER", "-out", "team.der", cwd=tmp_path)
    empty, found = (read_list((tmp_path / name).read_bytes()) for name in ("empty.crl", "team.crl"))

    for each in (empty, found):
        check_list(each, issuer=team, at=datetime.now(UTC) + timedelta(minutes=1))
    assert (empty.number, dict(empty.entries)) == (7, {})
    assert (found.number, found.entries.keys()) == (8, {signer.serial})
    assert read_list((tmp_path / "team.der").read_bytes()) == found


def test_our_private_keys_are_openssls(tmp_path: Path) -> None:
    """The same bytes are signed alike by both, so that a root may change its tools."""
    secret = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "a.key").write_bytes(secret)
    openssl("req", "-new", "-key", "a.key", "-subj", "/CN=Ada", "-outform", "DER", "-out", "a.csr", cwd=tmp_path)

    assert read_request((tmp_path / "a.csr").read_bytes()).der == make_request(KEY, name="Ada", names=[])


def read_one(path: Path) -> Certificate:
    """The one certificate in a file."""
    (found,) = read_pem(path.read_bytes(), what=path.name)
    return found
