"""The signer's ledger on disk: one writer at a time, replaced whole, never guessed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from expertkit import strict_json
from expertkit.files import dump_json, write_bytes
from expertkit.packages.locks import locked
from expertkit.signing import ledger as ledgers
from expertkit.signing.ledger import Entry, Ledger

_MAX_BYTES = 256 << 20


def record(path: Path, *, content_digest: str, key: str, at: datetime, valid_days: int) -> Entry:
    """The ledger's entry for signing this content now, written before it is used.

    Raises:
        FormatError: the ledger on disk is damaged; it stays as it is.
    """
    with locked(path.with_suffix(".lock")):
        before = read_ledger(path)
        after, entry = ledgers.record(before, content_digest=content_digest, key=key, at=at, valid_days=valid_days)
        if after != before:
            write_bytes(path, dump_json(after.to_json()), mode=0o600)
    return entry


def read_ledger(path: Path) -> Ledger:
    """The ledger in a file; no file is an empty ledger, and nothing else is.

    Raises:
        FormatError: the file is damaged.
    """
    if not path.exists():
        return ledgers.EMPTY
    value = strict_json.loads(path.read_bytes(), file=str(path), max_bytes=_MAX_BYTES)
    return ledgers.from_json(value, file=str(path))
