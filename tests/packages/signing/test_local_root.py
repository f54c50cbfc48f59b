"""A local root vouches for a key where nobody else does: made once, said once, renewed in time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from expertkit.errors import FormatError, SignatureError
from expertkit.packages.signing import local_root as module
from expertkit.packages.signing.local_root import LIST_DAYS, RENEWED_BEFORE, SIGNER_DAYS, LocalRoot, certify, local_root
from expertkit.packages.vouching.trust import TrustStore
from expertkit.signing import PublicKey
from expertkit.signing.certificates.path import check_path
from expertkit.signing.certificates.reading import Certificate, to_pem
from expertkit.signing.certificates.revocation import make_list, read_list
from expertkit.signing.keys import load, public_key
from expertkit.signing.signer import SigningKey
from expertkit.signing.trust.state import without
from tests.packages.builders import NOW
from tests.signing.certificates.builders import make_key
from tests.signing.trust.builders import DAY, make_authority


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A signer's folder."""

    folder: Path
    number: int = 1
    publisher: str = "Ada"

    @property
    def path(self) -> Path:
        """The key's certificates."""
        return self.folder / "publisher.crt"

    @property
    def root(self) -> LocalRoot:
        """The local root."""
        return local_root({"EXPERTKIT_HOME": str(self.folder)})

    @property
    def store(self) -> TrustStore:
        """What is trusted here."""
        return TrustStore(folder=self.folder / "trust")

    def public(self) -> PublicKey:
        """The signer's key."""
        return public_key(make_key(self.number), publisher=self.publisher)

    def certify(self, at: datetime = NOW) -> tuple[tuple[Certificate, ...], list[str]]:
        """What ``keygen --ensure`` does."""
        return certify(
            self.path, self.public(), private=lambda: make_key(self.number), root=self.root, store=self.store, at=at
        )

    def files(self) -> dict[str, bytes]:
        """Everything that is there."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes() for path in self.folder.rglob("*") if path.is_file()
        }


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty folder."""
    return Home(folder=tmp_path)


def test_it_is_made_once_and_said_once(home: Home) -> None:
    """Root, certificate and list, which hold; and it is said that they prove nothing to others."""
    chain, notes = home.certify()

    (path,) = (check_path(chain, root=home.root.read(), name="expert-mini", at=NOW),)
    assert [each.subject for each in path] == ["CN=Ada", "CN=local root of Ada"]
    assert chain[0].key == home.public().raw
    assert [note.partition(",")[0] for note in notes] == [
        "made a local root", f"made the certificate {home.path} for 'Ada'",
    ]  # fmt: skip
    assert "and to others nothing" in notes[0]
    assert home.root.key.stat().st_mode & 0o777 == 0o600


def test_it_is_trusted_here_with_its_list(home: Home) -> None:
    """So that the signer's own packages verify at once."""
    home.certify()

    trust = home.store.read()

    assert [(root.id, root.needs_list) for root in trust.roots] == [(home.root.read().id, True)]
    assert [(each.number, each.entries) for each in trust.lists] == [("1", 0)]
    assert trust.pins == ()


def test_the_second_time_changes_nothing(home: Home) -> None:
    """No file, no word, and nobody needs the private key."""
    first, _ = home.certify()
    before = home.files()

    def closed() -> SigningKey:
        raise AssertionError

    again = certify(home.path, home.public(), private=closed, root=home.root, store=home.store, at=NOW + DAY)

    assert again == (first, [])
    assert home.files() == before


def test_a_certificate_is_renewed_when_little_is_left(home: Home) -> None:
    """Before that it is not; the root stays."""
    first, _ = home.certify()
    root = home.root.read()
    last = NOW + timedelta(days=SIGNER_DAYS) - RENEWED_BEFORE

    kept, quiet = home.certify(last)
    renewed, notes = home.certify(last + timedelta(seconds=1))

    assert (kept, quiet) == (first, [])
    assert renewed[0].not_after == last + timedelta(seconds=1, days=SIGNER_DAYS)
    assert [note.startswith("made the certificate") for note in notes] == [True]
    assert home.root.read() == root
    check_path(renewed, root=root, name="expert-mini", at=last + DAY)


def test_a_list_is_renewed_after_half_of_its_time(home: Home) -> None:
    """With the next number and what it had; here it is kept as well."""
    home.certify()
    half = NOW + timedelta(days=LIST_DAYS) / 2
    revoked = {4711: NOW}
    home.root.revocations.write_bytes(
        make_list(
            authority=home.root.read(), key=load(home.root.key), number=5, at=NOW, days=LIST_DAYS, entries=revoked
        )
    )

    home.certify(half)
    (kept,) = home.store.read().lists
    home.certify(half + timedelta(seconds=1))
    (renewed,) = home.store.read().lists

    assert (kept.number, renewed.number) == ("5", "6")
    assert home.store.revoked(renewed, 4711) == NOW
    assert read_list(home.root.revocations.read_bytes()).next_update == half + timedelta(seconds=1, days=LIST_DAYS)


def test_the_certificate_of_somebody_elses_authority_is_left_alone(home: Home) -> None:
    """And no local root is made."""
    chain = make_authority().team(50).issue(1, days=10)
    home.path.write_bytes(to_pem(chain))

    assert home.certify() == (chain, [])
    assert not home.root.certificate.exists()
    assert home.store.read().is_empty


def test_somebody_elses_certificate_is_left_alone_beside_a_local_root(home: Home) -> None:
    """One that was issued later, in place of the local one."""
    home.certify()
    chain = make_authority().issue(1, days=10)
    home.path.write_bytes(to_pem(chain))

    assert home.certify() == (chain, [])


def test_a_local_certificate_of_an_older_key_is_made_anew(home: Home) -> None:
    """Whoever makes a new key gets a certificate of that one."""
    home.certify()

    chain, notes = replace(home, number=2).certify()

    assert chain[0].key == public_key(make_key(2), publisher="Ada").raw
    assert len(notes) == 1


@pytest.mark.parametrize("written", [1, 2, 3, 4])
def test_a_crash_on_the_way_recovers(home: Home, monkeypatch: pytest.MonkeyPatch, written: int) -> None:
    """After each file that is written: the key of the root is kept, and everything is there the next time."""
    real, count = module.write_bytes, iter(range(1, 100))

    def write(path: Path, data: bytes, *, mode: int = 0o644) -> None:
        if next(count) == written:
            raise PermissionError
        real(path, data, mode=mode)

    monkeypatch.setattr(module, "write_bytes", write)
    if written <= 3:
        with pytest.raises(PermissionError):
            home.certify()
        key = home.root.key.read_bytes()
    monkeypatch.undo()

    chain, _ = home.certify()

    check_path(chain, root=home.root.read(), name="expert-mini", at=NOW)
    assert written > 3 or home.root.key.read_bytes() == key
    assert home.certify() == (chain, [])
    assert home.root.read().id in {root.id for root in home.store.read().roots}
    assert [each.number for each in home.store.read().lists] == ["1"]


def test_a_root_that_was_removed_from_trust_stays_removed(home: Home) -> None:
    """Also when certificate and list are renewed."""
    home.certify()
    home.store.update(lambda trust: without(trust, trust.roots[0].id))

    for days in (1, 200, 800):
        home.certify(NOW + days * DAY)

    assert home.store.read().is_empty


@pytest.mark.parametrize("publisher", ["x" * 39 + " y", "x" * 63 + " y", "x" * 100, "Grüße 你好"])
def test_any_publishers_name_will_do(home: Home, publisher: str) -> None:
    """However long it is, and wherever it is cut."""
    chain, _ = replace(home, publisher=publisher).certify()

    check_path(chain, root=home.root.read(), name="expert-mini", at=NOW)


@pytest.mark.parametrize("name", ["publisher.crt", "local-root/root.pem", "local-root/root.crl", "local-root/root.key"])
def test_what_is_damaged_is_told_and_stays(home: Home, name: str) -> None:
    """Nothing is made anew in silence."""
    home.certify()
    (home.folder / name).write_bytes(b"damaged")

    with pytest.raises((FormatError, SignatureError)):
        home.certify(NOW + 800 * DAY)

    assert (home.folder / name).read_bytes() == b"damaged"
