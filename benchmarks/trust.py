"""How long it takes to know who vouches for an expert: three certificates, each list with 100,000 revoked ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks import experts
from benchmarks.commands import say
from benchmarks.packing import make_lora
from benchmarks.rows import Lab, Row, at_most
from expertkit.containers.reader import Container
from expertkit.containers.sources import mapped
from expertkit.packages.signing.sign import Signer, sign_file
from expertkit.packages.vouching.trust import TrustStore
from expertkit.packages.vouching.verify import vouch
from expertkit.signing.certificates import making
from expertkit.signing.certificates.reading import Certificate, read
from expertkit.signing.certificates.revocation import make_list, read_list
from expertkit.signing.statement import format_moment
from expertkit.signing.trust import Occasion, Verifier
from expertkit.signing.trust.state import with_root
from tests.packages.builders import NOW, make_signer

ENTRIES = 100_000
_ROUNDS = 200
_MILLI = 1e-3
_DAYS = {True: 2000, False: 1000}
"""How long the certificates of authorities and signers hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Somebody who issues certificates and says which no longer count."""

    certificate: Certificate
    key: Ed25519PrivateKey

    def issue(self, key: Ed25519PrivateKey, name: str, *, is_authority: bool) -> Certificate:
        """A certificate for a key."""
        request = making.read_request(making.make_request(key, name=name, names=()))
        return read(
            making.issue(
                request,
                authority=self.certificate,
                authority_key=self.key,
                at=NOW,
                days=_DAYS[is_authority],
                is_authority=is_authority,
            )
        )


def measure(lab: Lab) -> list[Row]:
    """What it takes to trust a container of Qwen3-0.6B's shape, in process."""
    folder = lab.scratch / "trust"
    say(f"  > one container signed under a root and an authority below it, each with {ENTRIES:,} revoked certificates")
    expert = experts.make(folder / "expert", make_lora())
    root, middle, signer = _publishers(folder)
    package = sign_file(expert.path("auto"), output=folder / "signed", whole=True, signer=signer).path
    store = _trusting(folder / "state", root, middle)
    container, verifier = Container(mapped(package)), _verifier(store)
    return [
        at_most("who vouches for a container that is open, its chain and lists asked", _ms(
            lambda: vouch(container, verifier=verifier)), limit=5, unit="ms"),
        at_most("the same, with trust and list read from the disk", _ms(
            lambda: vouch(container, verifier=_verifier(TrustStore(folder=store.folder)))), limit=5, unit="ms"),
        at_most("the same, with the container opened too", _ms(
            lambda: vouch(Container(mapped(package)), verifier=_verifier(TrustStore(folder=store.folder)))),
            limit=10, unit="ms"),
        at_most(f"a certificate looked up among {ENTRIES:,}, the list opened for it", _ms(
            lambda: TrustStore(folder=store.folder).revoked(verifier.trust.lists[0], 12345)), limit=1, unit="ms"),
    ]  # fmt: skip


def _publishers(folder: Path) -> tuple[Authority, Authority, Signer]:
    keys = [Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (11, 12)]
    root = Authority(certificate=read(making.make_root(keys[0], name="root", at=NOW, days=3650)), key=keys[0])
    middle = Authority(certificate=root.issue(keys[1], "authority", is_authority=True), key=keys[1])
    signer = make_signer(folder)
    private = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)
    leaf = middle.issue(private, "publisher", is_authority=False)
    return root, middle, replace(signer, chain=(leaf, middle.certificate))


def _trusting(folder: Path, root: Authority, middle: Authority) -> TrustStore:
    store = TrustStore(folder=folder)
    store.update(lambda trust: with_root(trust, root.certificate, needs_list=True, added=format_moment(NOW)))
    draw = Random(1)
    for authority in (root, middle):
        entries = {draw.getrandbits(150) + 1: NOW - timedelta(days=1) for _ in range(ENTRIES)}
        made = make_list(authority=authority.certificate, key=authority.key, number=1, at=NOW, days=30, entries=entries)
        store.add_list(read_list(made), issuer=authority.certificate, at=NOW)
    return store


def _verifier(store: TrustStore) -> Verifier:
    return Verifier(trust=store.read(), occasion=Occasion(at=NOW + timedelta(hours=1)), revoked=store.revoked)


def _ms(work: Callable[[], object]) -> float:
    """The median of many times, in milliseconds."""
    work()
    taken = []
    for _ in range(_ROUNDS):
        begun = perf_counter()
        work()
        taken.append(perf_counter() - begun)
    return median(taken) / _MILLI
