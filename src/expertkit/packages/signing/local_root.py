"""A publisher's own certificate authority, made on this computer where nobody else vouches for the key.

It lets everything that needs a chain work from the first release on. It proves no more than that this computer made
it: whoever wants to be known to others asks an authority that they trust (``expert-cli cert request``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from expertkit.errors import SignatureError
from expertkit.files import write_bytes
from expertkit.packages.locks import locked
from expertkit.packages.vouching.trust import TrustStore
from expertkit.signing import PublicKey, keys
from expertkit.signing.certificates import making
from expertkit.signing.certificates.path import check_issued
from expertkit.signing.certificates.reading import Certificate, read, read_pem, to_pem
from expertkit.signing.certificates.revocation import make_list, read_list
from expertkit.signing.signer import SigningKey
from expertkit.signing.statement import format_moment
from expertkit.signing.trust import Trust
from expertkit.signing.trust.state import with_root

ROOT_DAYS = 7300
SIGNER_DAYS = 1095
RENEWED_BEFORE = timedelta(days=400)
"""What is left of a certificate when a new one is made: more than signatures hold."""
LIST_DAYS = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalRoot:
    """The files of the authority."""

    folder: Path

    @property
    def key(self) -> Path:
        """Its private key."""
        return self.folder / "root.key"

    @property
    def certificate(self) -> Path:
        """What others may add to their trust."""
        return self.folder / "root.pem"

    @property
    def revocations(self) -> Path:
        """Its newest revocation list."""
        return self.folder / "root.crl"

    def read(self) -> Certificate:
        """The certificate."""
        return read_pem(self.certificate.read_bytes(), what=str(self.certificate))[0]


def local_root(environment: Mapping[str, str]) -> LocalRoot:
    """The one of this user."""
    return LocalRoot(folder=keys.signer_home(environment) / "local-root")


def certify(
    path: Path,
    public: PublicKey,
    *,
    private: Callable[[], SigningKey],
    root: LocalRoot,
    store: TrustStore,
    at: datetime,
) -> tuple[tuple[Certificate, ...], list[str]]:
    """The certificates of a key, made and renewed by the local root unless somebody else made them.

    Args:
        path: where they lie, from that of the key towards a root.
        public: the key, and what its owner goes by.
        private: opens the key, where a certificate has to be made.
        root: the local root, which is made if it is needed and missing, and trusted here from then on.
        store: where trust is kept.
        at: the time.

    Returns:
        The certificates, and what was done, a line each.

    Raises:
        FormatError, SignatureError: what lies there is damaged.
    """
    with locked(root.folder / ".lock"):
        notes: list[str] = []
        chain = read_pem(path.read_bytes(), what=str(path)) if path.is_file() else ()
        if chain and not _is_local(chain[0], root):
            return chain, notes
        if not root.certificate.is_file():
            notes += _make_root(root, publisher=public.publisher, store=store, at=at)
        if not chain or chain[0].key != public.raw or chain[0].not_after - at < RENEWED_BEFORE:
            chain = (_issue(private(), publisher=public.publisher, root=root, at=at),)
            write_bytes(path, to_pem(chain))
            notes.append(
                f"made the certificate {path} for {public.publisher!r}, good until {chain[0].not_after:%Y-%m-%d}"
            )
        _renew_list(root, store=store, at=at)
    return chain, notes


def _is_local(certificate: Certificate, root: LocalRoot) -> bool:
    if not root.certificate.is_file():
        return False
    with suppress(SignatureError):
        check_issued(certificate, issuer=root.read())
        return True
    return False


def _make_root(root: LocalRoot, *, publisher: str, store: TrustStore, at: datetime) -> list[str]:
    """The root's certificate comes last; a key that is there already is kept."""
    name = f"local root of {publisher[:40].strip()}"
    made = not root.key.is_file()
    private = keys.create(root.key, publisher=name, passphrase=None) if made else keys.load(root.key)
    certificate = read(making.make_root(private, name=name, at=at, days=ROOT_DAYS))

    def trusted(trust: Trust) -> Trust:
        return with_root(trust, certificate, needs_list=True, added=format_moment(at))

    store.update(trusted)
    write_bytes(root.certificate, to_pem([certificate]))
    made_it = f"made a local root, {root.certificate}, without a passphrase, and trust it on this computer"
    return [f"{made_it}: it shows that packages come from here, and to others nothing (docs/trust.md)"]


def _issue(private: SigningKey, *, publisher: str, root: LocalRoot, at: datetime) -> Certificate:
    request = making.read_request(making.make_request(private, name=publisher[:64].strip(), names=()))
    return read(
        making.issue(request, authority=root.read(), authority_key=keys.load(root.key), at=at, days=SIGNER_DAYS)
    )


def _renew_list(root: LocalRoot, *, store: TrustStore, at: datetime) -> None:
    """Renew the revocation list once half of its time is over, and keep it where the root is trusted."""
    certificate = root.read()
    old = read_list(root.revocations.read_bytes()) if root.revocations.is_file() else None
    if old is None or at - old.this_update > timedelta(days=LIST_DAYS) / 2:
        number, entries = (old.number + 1, old.entries) if old else (1, {})
        made = make_list(
            authority=certificate, key=keys.load(root.key), number=number, at=at, days=LIST_DAYS, entries=entries
        )
        write_bytes(root.revocations, made)
    trust = store.read()
    known = trust.find_list(certificate.key_id)
    newest = read_list(root.revocations.read_bytes())
    if any(each.id == certificate.id for each in trust.roots) and (known is None or int(known.number) < newest.number):
        store.add_list(newest, issuer=certificate, at=at)
