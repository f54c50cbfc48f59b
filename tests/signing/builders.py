"""Small statements made in code."""

from __future__ import annotations

from dataclasses import replace

from expertkit.files import listing_digest
from expertkit.signing import Evidence, Member, PublicKey, Statement
from expertkit.signing.statement import Base

MEMBERS = (Member(name="a.json", size=2, sha256="a" * 64), Member(name="b.json", size=3, sha256="b" * 64))


def make_statement(key: PublicKey, *, members: tuple[Member, ...] = MEMBERS) -> Statement:
    """A statement that ``key`` could sign on 2026-01-31."""
    return Statement(
        name="expert-mini",
        version="1.0.0",
        base=Base(name="nano", fingerprint="f" * 64),
        content_digest=listing_digest({each.name: (each.size, each.sha256) for each in members}),
        members=members,
        evidence=Evidence(tokenizer="1" * 64, template="2" * 64, provenance="3" * 64, evaluation="4" * 64),
        publisher=key.publisher,
        key=key.id,
        created="2026-01-31T12:00:00Z",
        expires="2027-01-31T12:00:00Z",
        sequence=1,
    )


def with_members(statement: Statement, *members: Member) -> Statement:
    """The same statement about other members."""
    digest = listing_digest({each.name: (each.size, each.sha256) for each in members})
    return replace(statement, members=members, content_digest=digest)
