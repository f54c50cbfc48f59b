"""A world in memory: authorities, publishers, and one computer that looks at what they signed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from expertkit.errors import SignatureError
from expertkit.members.signatures import Signature
from expertkit.signing import Statement, seal
from expertkit.signing.certificates import index, making
from expertkit.signing.certificates.reading import Certificate, read
from expertkit.signing.certificates.revocation import make_list, read_list
from expertkit.signing.keys import public_key
from expertkit.signing.statement import format_moment
from expertkit.signing.trust import EMPTY, KnownList, Occasion, Rules, Trust, Verdict, Verifier, remembered
from expertkit.signing.trust.state import with_pin, with_root
from tests.packages.builders import NOW
from tests.signing.builders import MEMBERS, make_statement, with_members
from tests.signing.certificates.builders import make_key

DAY = timedelta(days=1)
NAME = "expert-mini"
OTHER_MEMBERS = (replace(MEMBERS[0], sha256="c" * 64), MEMBERS[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A root, or an authority below one."""

    key: Ed25519PrivateKey
    certificate: Certificate
    above: tuple[Certificate, ...] = ()
    """What has to travel along between a signer and the root."""
    at: datetime = NOW
    """When it issues."""

    def issue(self, number: int, *, names: tuple[str, ...] = (), days: int = 1000) -> tuple[Certificate, ...]:
        """The chain of the key with that number."""
        request = making.read_request(making.make_request(make_key(number), name=f"Publisher {number}", names=names))
        made = making.issue(request, authority=self.certificate, authority_key=self.key, at=self.at, days=days)
        return read(made), *self.above

    def team(self, number: int) -> Authority:
        """An authority below this one."""
        request = making.read_request(making.make_request(make_key(number), name=f"Team {number}", names=()))
        made = making.issue(
            request, authority=self.certificate, authority_key=self.key, at=self.at, days=2000, is_authority=True
        )
        return Authority(key=make_key(number), certificate=read(made), above=(read(made), *self.above), at=self.at)


def make_authority(number: int = 100, *, name: str = "Acme", days: int = 4000) -> Authority:
    """A root that holds from ``NOW`` on."""
    key = make_key(number)
    return Authority(key=key, certificate=read(making.make_root(key, name=name, at=NOW, days=days)))


def key_id(number: int) -> str:
    """The id of the key with that number."""
    return public_key(make_key(number), publisher="somebody").id


def signed(
    number: int, *, chain: tuple[Certificate, ...] = (), other: bool = False, at: datetime = NOW, valid_days: int = 365,
    **changed: Any,
) -> Signature:  # fmt: skip
    """What the key with that number signs.

    Args:
        number: of the key.
        chain: what travels along.
        other: whether it is about other content.
        at: when.
        valid_days: how long it holds.
        changed: fields of the statement.
    """
    statement = make_statement(public_key(make_key(number), publisher=f"publisher {number}"))
    if other:
        statement = with_members(statement, *OTHER_MEMBERS)
    times = {"created": format_moment(at), "expires": format_moment(at + timedelta(days=valid_days))}
    statement = replace(statement, **{**times, **changed})
    return Signature(envelope=seal(statement, make_key(number)), chain=tuple(each.der for each in chain))


def about_members(statement: Statement) -> None:
    """Return if a statement is about the package that the builders mean."""
    if statement.members not in {MEMBERS, ()}:
        raise SignatureError("signature: expected one over these members, got one over others")


@dataclass(slots=True, kw_only=True)
class Computer:
    """What one computer trusts and remembers."""

    trust: Trust = EMPTY
    indexes: dict[str, index.Index] = field(default_factory=dict)

    def add(self, authority: Authority, *, needs_list: bool = False) -> None:
        """Trust a root."""
        self.trust = with_root(self.trust, authority.certificate, needs_list=needs_list, added=format_moment(NOW))

    def pin(self, number: int, *names: str) -> None:
        """Trust a key."""
        key = public_key(make_key(number), publisher=f"publisher {number}")
        self.trust = with_pin(self.trust, key, names=names, how="by hand", added=format_moment(NOW))

    def rule(self, **rules: Any) -> None:
        """Ask for something else."""
        self.trust = replace(self.trust, rules=Rules(**rules))

    def update(
        self, authority: Authority, *revoked: Certificate, number: int = 1, at: datetime = NOW, days: int = 30
    ) -> None:  # fmt: skip
        """Take an authority's list of what it has revoked."""
        found = read_list(
            make_list(
                authority=authority.certificate, key=authority.key, number=number, at=at, days=days,
                entries={each.serial: at for each in revoked},
            )
        )  # fmt: skip
        data = index.build(found.entries)
        known = KnownList(
            issuer=authority.certificate.key_id, name=authority.certificate.subject, number=str(number),
            this_update=format_moment(found.this_update), next_update=format_moment(found.next_update),
            entries=len(revoked), index=index.head_digest(data),
        )  # fmt: skip
        self.indexes[known.index] = index.Index(data, digest=known.index)
        others = tuple(each for each in self.trust.lists if each.issuer != known.issuer)
        self.trust = replace(self.trust, lists=(*others, known))

    def verifier(
        self, *, at: datetime, use: Literal["install", "load"] = "install", allow_older: bool = False
    ) -> Verifier:  # fmt: skip
        """Somebody who looks at packages here."""
        occasion = Occasion(at=at, use=use, allow_older=allow_older)
        return Verifier(
            trust=self.trust, occasion=occasion, revoked=lambda known, serial: self.indexes[known.index].find(serial)
        )

    def judge(
        self, *signatures: Signature, at: datetime = NOW, use: Literal["install", "load"] = "install",
        allow_older: bool = False, about: Callable[[Statement], None] = about_members,
    ) -> Verdict:  # fmt: skip
        """What comes of looking."""
        return self.verifier(at=at, use=use, allow_older=allow_older).judge(signatures, about=about)

    def take(self, *signatures: Signature, at: datetime = NOW, **more: Any) -> Verdict:
        """Look, and remember what was accepted."""
        verdict = self.judge(*signatures, at=at, **more)
        self.trust = remembered(self.trust, verdict, at=at)
        return verdict

    def refuse(self, *signatures: Signature, match: str, **more: Any) -> SignatureError:
        """The error that looking ends with, which leaves what is remembered as it was."""
        with pytest.raises(SignatureError, match=match) as refusal:
            self.judge(*signatures, **more)
        return refusal.value
