"""A signer's memory: what was signed with which key, when, until when, under which number.

Signing the same content again reuses its entry, so that the file comes out the same. A value;
``packages.ledger`` keeps it on disk.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from expertkit.fields import Range, read_sound
from expertkit.signing.statement import Digest, Moment, format_moment, parse_moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One act of signing."""

    content_digest: Digest
    key: Digest
    """Id of the key."""
    created: Moment
    expires: Moment
    sequence: Annotated[int, Range(low=1)]
    """1 for the first package of a key, then one more each time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Every act of signing, oldest first."""

    ledger: Literal[1]
    """Version of this layout."""
    entries: tuple[Entry, ...]

    def to_json(self) -> dict[str, Any]:
        """The ledger as JSON values."""
        return asdict(self)


EMPTY = Ledger(ledger=1, entries=())
"""The ledger of somebody who has not signed anything."""


def from_json(value: object, *, file: str) -> Ledger:
    """The ledger that ``to_json`` wrote.

    Raises:
        FormatError: there is none; a damaged ledger is never taken for an empty one.
    """
    return read_sound(Ledger, value, file, is_json=False)


def record(ledger: Ledger, *, content_digest: str, key: str, at: datetime, valid_days: int) -> tuple[Ledger, Entry]:
    """The entry for signing this content now, and the ledger with it.

    The newest entry of the same content and key is reused until it has expired, where its validity is the same.
    """
    same = [entry for entry in ledger.entries if (entry.content_digest, entry.key) == (content_digest, key)]
    if same and _holds(same[-1], at=at, valid_days=valid_days):
        return ledger, same[-1]
    entry = Entry(
        content_digest=content_digest,
        key=key,
        created=format_moment(at),
        expires=format_moment(at + timedelta(days=valid_days)),
        sequence=1 + max((each.sequence for each in ledger.entries if each.key == key), default=0),
    )
    return replace(ledger, entries=(*ledger.entries, entry)), entry


def _holds(entry: Entry, *, at: datetime, valid_days: int) -> bool:
    created, expires = parse_moment(entry.created), parse_moment(entry.expires)
    return expires - created == timedelta(days=valid_days) and at < expires
