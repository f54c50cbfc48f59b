"""What a signature says: an in-toto Statement about every member of an archive, or about the root of a container.

Equal statements have equal bytes and different statements different ones: the bytes are RFC 8785 JSON
of exactly these fields (docs/signing.md).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from expertkit.errors import FormatError
from expertkit.fields import Entries, Range, Text, read_sound
from expertkit.files import canonical_json, listing_digest
from expertkit.signing import canonical

TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:expertkit:package:2"
"""Of a statement that lists members, those of an archive."""
CONTAINER_TYPE = "urn:expertkit:container:2"
"""Of a statement about a container, whose root digest stands for all that is in it."""
OLDER = {PREDICATE_TYPE: "urn:expertkit:package:1", CONTAINER_TYPE: "urn:expertkit:container:1"}
"""The types of statements that name no evidence, which are read for ever and no longer made."""
_TYPES = (PREDICATE_TYPE, CONTAINER_TYPE, *OLDER.values())
_CONTAINER = "container"
MAX_SIZE = 2 << 20
"""Largest statement that is read, in bytes."""

Digest = Annotated[str, Text(r"[0-9a-f]{64}", "a SHA-256 of 64 hex digits")]
Name = Annotated[str, Text(r"[^\x00-\x1f]{1,200}", "a name of at most 200 characters")]
Moment = Annotated[str, Text(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "a time such as '2026-01-31T12:00:00Z'")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One file of the package."""

    name: Name
    size: Annotated[int, Range(low=0)]
    """Bytes."""
    sha256: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The base model the expert was made for."""

    name: Name
    fingerprint: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the expert works with, how it was made, and what it scored, each by its SHA-256."""

    tokenizer: Digest
    """Of the member ``tokenizer.json``."""
    template: Digest
    """Of what the prompt template renders to."""
    provenance: Digest
    """Of the member ``provenance.json``."""
    evaluation: Digest
    """Of the member ``evaluation.json``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One package, who says so, and until when."""

    name: Name
    version: Name
    base: Base
    content_digest: Digest
    """Digest of the member list, or a container's root digest."""
    members: Annotated[tuple[Member, ...], Entries(key="name")]
    """Every member of an archive except the signature, sorted by name; of a container none."""
    evidence: Evidence | None
    """None in statements of the first version."""
    publisher: Name
    key: Digest
    """Id of the key that signs."""
    created: Moment
    expires: Moment
    sequence: Annotated[int, Range(low=1)]
    """Rises by one with each package that the key signs."""

    @property
    def form(self) -> Literal["archive", "container"]:
        """Which form of package it is about."""
        return "archive" if self.members else "container"

    def encode(self) -> bytes:
        """The bytes that are signed and stored."""
        predicate = asdict(self) | {"members": [{"name": each.name, "size": each.size} for each in self.members]}
        subject = [(each.name, each.sha256) for each in self.members]
        kind = PREDICATE_TYPE
        if self.form == "container":
            del predicate["members"]
            subject, kind = [(_CONTAINER, self.content_digest)], CONTAINER_TYPE
        if self.evidence is None:
            del predicate["evidence"]
            kind = OLDER[kind]
        return canonical_json(
            {
                "_type": TYPE,
                "subject": [{"name": name, "digest": {"sha256": digest}} for name, digest in subject],
                "predicateType": kind,
                "predicate": predicate,
            }
        )


def decode(data: bytes) -> Statement:
    """The statement that ``encode`` gave these bytes.

    Raises:
        FormatError: there is none.
    """
    value = canonical.loads(data, what="statement", max_bytes=MAX_SIZE)
    statement = read_sound(Statement, _flat(value), "statement", is_json=False)
    if statement.encode() != data:
        raise FormatError(f"statement: expected exactly the fields of {' or '.join(_TYPES)}, got others")
    listed = {each.name: (each.size, each.sha256) for each in statement.members}
    if listed and statement.content_digest != listing_digest(listed):
        raise FormatError("statement: expected the content digest of its members, got another")
    if parse_moment(statement.created) >= parse_moment(statement.expires):
        raise FormatError(f"statement: expected to expire after {statement.created}, got {statement.expires}")
    return statement


def format_moment(moment: datetime) -> str:
    """A time with its zone, to the second, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_moment(text: str) -> datetime:
    """The time that ``format_moment`` wrote.

    Raises:
        FormatError: there is no such day or hour.
    """
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise FormatError(f"time: expected a date and hour in UTC, got {text!r}") from error


def _flat(value: Any) -> dict[str, Any]:
    """The predicate with its members' digests, which stand in the subject."""
    try:
        predicate, subject = {"evidence": None, **value["predicate"]}, value["subject"]
        if value["predicateType"] in {CONTAINER_TYPE, OLDER[CONTAINER_TYPE]}:
            return {**predicate, "members": []}
        members = [
            {**member, "sha256": each["digest"]["sha256"]}
            for member, each in zip(predicate["members"], subject, strict=True)
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError("statement: expected a subject and a predicate with the same members") from error
    return {**predicate, "members": members}
