"""Whose key a signature claims to be by, and why that key is trusted: a root, a pin, or first use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from expertkit.errors import SignatureError, printable
from expertkit.signing.certificates.path import check_path
from expertkit.signing.certificates.reading import Certificate
from expertkit.signing.ed25519 import PublicKey
from expertkit.signing.statement import Statement
from expertkit.signing.trust.state import Pin, Root, Trust
from expertkit.signing.trust.verdict import Anchored

_LONGEST = 100
"""Characters of a subject that are shown."""


def claimed_key(keyid: str, chain: Sequence[Certificate], *, trust: Trust) -> PublicKey:
    """The key that says of itself that it signed; that it did, and is trusted, is not known yet.

    Raises:
        SignatureError: nobody here knows the key, or the certificates are another one's.
    """
    if chain and chain[0].key_id != keyid:
        message = f"certificate: expected one of key {keyid[:12]}, got one of {chain[0].key_id[:12]}"
        raise SignatureError(message, hint="ask the publisher to sign again")
    if chain:
        return _key(chain[0])
    pin = trust.find_pin(keyid)
    if pin is None:
        raise _unknown(keyid, chain)
    return pin.read()


def anchor(claimed: Statement, chain: Sequence[Certificate], *, trust: Trust, at: datetime) -> Anchored:
    """Why the key is trusted that signed a statement.

    A chain that leads to a trusted root has to be sound, even where its key is pinned as well.

    Args:
        claimed: what was signed.
        chain: the certificates that came with it, from that of the key towards a root.
        trust: who is trusted.
        at: the time at which every certificate has to be valid.

    Raises:
        SignatureError: nobody who is trusted stands behind the key, or not for this expert.
    """
    roots = list(_claimed_roots(chain, trust))
    if roots:
        return _by_root(claimed, chain, roots, at=at)
    pin = trust.find_pin(claimed.key)
    if pin is None or _may_learn(pin, claimed, trust):
        return _by_first_use(claimed, chain, trust)
    if pin.names and claimed.name not in pin.names:
        message = f"key {claimed.key[:12]}: expected a package of {', '.join(pin.names)}, got {claimed.name}"
        raise SignatureError(message, hint="expert-cli trust list")
    return Anchored(key=pin.read(), anchor=claimed.key, trusted_by="pin")


def check_first_use(key: str, name: str, *, trust: Trust) -> None:
    """Return if no other key is known of an expert: none that was learnt, and none that somebody trusted stands behind.

    Raises:
        SignatureError: there is one.
    """
    learnt = [pin.read().id for pin in trust.pins if name in pin.names]
    anchors = {*(root.id for root in trust.roots), *(pin.read().id for pin in trust.pins)}
    seen = [row.key for row in trust.seen if row.name == name and row.anchor in anchors]
    before = [each for each in dict.fromkeys([*learnt, *seen]) if each != key]
    if before:
        changed = f"trust remove {before[0][:12]}" if before[0] in learnt else f"trust pin PUBFILE --for {name}"
        raise SignatureError(
            f"key: {name} was signed with key {', '.join(before)} until now, this package with {key}",
            hint=f"ask the publisher, by another way, whether the key changed; if so: expert-cli {changed}",
        )


def _claimed_roots(chain: Sequence[Certificate], trust: Trust) -> Iterator[Root]:
    """The trusted roots that a chain claims to lead to; two may have one name."""
    for root in trust.roots if chain else ():
        if root.id == chain[-1].id or root.read().subject == chain[-1].issuer:
            yield root


def _by_root(claimed: Statement, chain: Sequence[Certificate], roots: Sequence[Root], *, at: datetime) -> Anchored:
    failed: list[SignatureError] = []
    for root in roots:
        try:
            path = check_path(chain, root=root.read(), name=claimed.name, at=at)
        except SignatureError as error:
            failed.append(error)
        else:
            return Anchored(
                key=_key(chain[0]), anchor=root.id, trusted_by="root", path=path, needs_list=root.needs_list
            )
    raise failed[0]


def _may_learn(pin: Pin, claimed: Statement, trust: Trust) -> bool:
    """Whether a key that was learnt from one expert may be learnt for another."""
    return pin.how == trust.rules.mode == "first use" and claimed.name not in pin.names


def _by_first_use(claimed: Statement, chain: Sequence[Certificate], trust: Trust) -> Anchored:
    """A key that nobody vouches for."""
    if trust.rules.mode != "first use":
        raise _unknown(claimed.key, chain)
    check_first_use(claimed.key, claimed.name, trust=trust)
    if not chain:
        message = f"key {claimed.key[:12]}: expected a certificate to learn it from, got none"
        raise SignatureError(message, hint="expert-cli trust pin PUBFILE")
    key = PublicKey(chain[0].key, "unknown publisher")
    return Anchored(key=key, anchor=claimed.key, trusted_by="first use")


def _unknown(keyid: str, chain: Sequence[Certificate]) -> SignatureError:
    if chain:
        message = f"signature: expected a root that you trust, got {chain[-1].issuer}, which you do not"
        return SignatureError(message, hint="expert-cli trust add ROOT.pem, once you know by another way whose it is")
    return SignatureError(
        f"signature: expected a key that you trust, got {keyid[:12]} without a certificate",
        hint="expert-cli trust pin PUBFILE, once you know by another way whose it is",
    )


def _key(certificate: Certificate) -> PublicKey:
    return PublicKey(certificate.key, printable(certificate.subject)[:_LONGEST].strip())
