"""The value that is kept between calls: trusted roots and keys, the rules, revocation lists, and what was seen.

A value without roots and keys trusts nobody, and so does one that got lost.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Annotated, Any, Literal

from expertkit.errors import FormatError, SignatureError
from expertkit.fields import Entries, Range, Text, read_sound
from expertkit.signing.certificates.path import check_issued
from expertkit.signing.certificates.reading import Certificate
from expertkit.signing.certificates.reading import read as read_certificate
from expertkit.signing.ed25519 import PublicKey
from expertkit.signing.statement import Digest, Moment, Name

Stale = Literal["refuse", "warn"]
How = Literal["by hand", "first use"]
_Issued = Annotated[str, Text(r"[0-9a-f]{64} [0-9a-f]{1,40}", "an issuer's key and a serial number")]
_SHORTEST_ID = 8
_Base64 = Annotated[str, Text(r"[A-Za-z0-9+/]+={0,2}", "base64")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """A certificate authority that is trusted to say whose keys are whose."""

    certificate: _Base64
    """Its own certificate, DER in base64."""
    id: Digest
    """SHA-256 of that DER."""
    needs_list: bool
    """Whether nothing below it is accepted without a revocation list of each authority."""
    added: Moment

    def read(self) -> Certificate:
        """The certificate."""
        return _read_root(self.certificate)


@lru_cache(maxsize=64)
def _read_root(certificate: str) -> Certificate:
    """A certificate, read once: it is asked for with every signature."""
    return read_certificate(base64.b64decode(certificate))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A key that is trusted for itself."""

    key: Annotated[str, Text(r"[0-9a-f]{64}", "32 bytes as 64 hex digits")]
    publisher: Name
    """What its owner is called here."""
    names: tuple[Name, ...]
    """The experts that it may sign; any where there are none."""
    how: How
    added: Moment

    def read(self) -> PublicKey:
        """The key."""
        return PublicKey(bytes.fromhex(self.key), self.publisher)


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A key that is trusted to say at what time a log held a signature, and for nothing else."""

    key: Annotated[str, Text(r"[0-9a-f]{64}", "32 bytes as 64 hex digits")]
    name: Name
    """What its owner is called here."""
    added: Moment

    def read(self) -> PublicKey:
        """The key."""
        return PublicKey(bytes.fromhex(self.key), self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownList:
    """The newest revocation list of an authority."""

    issuer: Digest
    """Id of the authority's key."""
    name: Name
    """What the authority is called."""
    number: Annotated[str, Text(r"0|[1-9][0-9]{0,48}", "a decimal number of at most 20 octets")]
    """A text, as JSON has no integers beyond 2^53 for everybody."""
    this_update: Moment
    next_update: Moment
    entries: Annotated[int, Range(low=0)]
    """Certificates that are revoked."""
    index: Digest
    """Of the head of the index of them, and what it is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The newest that one key was seen to sign of an expert for a base."""

    name: Name
    base: Name
    anchor: Digest
    """Id of the root that vouched for the key, or of the key where it is pinned."""
    key: Digest
    version: Name
    sequences: Mapping[str, Annotated[int, Range(low=1)]]
    """The highest number for this version, by form of package."""
    certificates: tuple[_Issued, ...]
    """``<id of the issuer's key> <serial in hex>`` of the certificate that the key came with, and of those above it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What is asked of signatures."""

    mode: Literal["listed", "first use"] = "listed"
    """Whether only roots and keys that were added are trusted, or also the first key that is seen of an expert."""
    signatures: Annotated[int, Range(low=1, high=16)] = 1
    """Different trusted keys that have to have signed."""
    stale_install: Stale = "refuse"
    """What a revocation list does that should have been renewed, where a package comes in."""
    stale_load: Stale = "warn"
    """The same where an expert that is there already is loaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """All of it."""

    trust: Literal[1] = 1
    """Version of this layout."""
    rules: Rules = Rules()
    roots: Annotated[tuple[Root, ...], Entries(key="id")] = ()
    pins: Annotated[tuple[Pin, ...], Entries(key="key")] = ()
    witnesses: Annotated[tuple[Witness, ...], Entries(key="key")] = ()
    lists: Annotated[tuple[KnownList, ...], Entries(key="issuer")] = ()
    seen: tuple[Seen, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The value as JSON values; ``from_json`` gives the same one back."""
        return asdict(self)

    @property
    def is_empty(self) -> bool:
        """Whether nobody is trusted."""
        return not self.roots and not self.pins and self.rules.mode == "listed"

    def find_list(self, issuer: str) -> KnownList | None:
        """The list of the authority whose key has this id."""
        return next((each for each in self.lists if each.issuer == issuer), None)

    def find_pin(self, key: str) -> Pin | None:
        """The pin of the key with this id."""
        return next((each for each in self.pins if each.read().id == key), None)


EMPTY = Trust()
"""Nobody is trusted."""


def from_json(value: object, *, file: str) -> Trust:
    """The value that ``to_json`` wrote.

    Raises:
        FormatError: there is none; a damaged one is never taken for an empty one.
    """
    found = read_sound(Trust, value, file, is_json=False)
    for root in found.roots:
        if root.read().id != root.id:
            raise FormatError(f"{file}: expected the certificate {root.id}, got another")
    for pin in found.pins:
        pin.read()
    return found


def with_root(trust: Trust, certificate: Certificate, *, needs_list: bool, added: str) -> Trust:
    """Trust a root, under new terms if it was trusted before.

    Raises:
        SignatureError: the certificate is no authority's own, or not signed with its own key.
    """
    if not certificate.is_authority or certificate.subject != certificate.issuer:
        message = f"certificate: expected an authority's own, got one of {certificate.issuer} for {certificate.subject}"
        raise SignatureError(message, hint="expert-cli trust pin takes a single key")
    check_issued(certificate, issuer=certificate)
    text = base64.b64encode(certificate.der).decode()
    root = Root(certificate=text, id=certificate.id, needs_list=needs_list, added=added)
    return replace(trust, roots=(*(each for each in trust.roots if each.id != root.id), root))


def with_pin(trust: Trust, key: PublicKey, *, names: tuple[str, ...], how: How, added: str) -> Trust:
    """Trust a key; if it was pinned before, under new terms."""
    pin = Pin(key=key.raw.hex(), publisher=key.publisher, names=names, how=how, added=added)
    return replace(trust, pins=(*(each for each in trust.pins if each.key != pin.key), pin))


def with_witness(trust: Trust, key: PublicKey, *, added: str) -> Trust:
    """Trust a key to tell the time of a log."""
    new = Witness(key=key.raw.hex(), name=key.publisher, added=added)
    return replace(trust, witnesses=(*(each for each in trust.witnesses if each.key != new.key), new))


def without(trust: Trust, id_: str) -> Trust:
    """Trust no longer the root, key or witness whose id begins with ``id_``, of at least 8 hex digits.

    Raises:
        SignatureError: there is none, or more than one.
    """
    keys = [*(each.read().id for each in trust.pins), *(each.read().id for each in trust.witnesses)]
    ids = dict.fromkeys([*(each.id for each in trust.roots), *keys])
    found = [each for each in ids if each.startswith(id_)] if len(id_) >= _SHORTEST_ID else []
    if len(found) != 1:
        listed = ", ".join(each[:12] for each in found or ids) or "none"
        raise SignatureError(f"{id_}: expected one of {listed}", hint="expert-cli trust list")
    return replace(
        trust,
        roots=tuple(each for each in trust.roots if each.id != found[0]),
        pins=tuple(each for each in trust.pins if each.read().id != found[0]),
        witnesses=tuple(each for each in trust.witnesses if each.read().id != found[0]),
    )
