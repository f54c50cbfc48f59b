"""What this computer trusts, on disk: one small file, replaced whole, and an index for each revocation list.

The folder is ``trust/`` in the signer's home, outside anything that a package can write. A damaged file is an error
and never an empty one; a missing one trusts nobody.
"""

from __future__ import annotations

import mmap
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from time import time

from expertkit import strict_json
from expertkit.errors import FormatError, IntegrityError, SignatureError, printable
from expertkit.files import dump_json, open_regular, sha256_bytes, write_bytes
from expertkit.packages.locks import locked
from expertkit.signing.certificates import index
from expertkit.signing.certificates.index import Index
from expertkit.signing.certificates.reading import Certificate
from expertkit.signing.certificates.revocation import RevocationList, check_list
from expertkit.signing.statement import format_moment, parse_moment
from expertkit.signing.trust import EMPTY, KnownList, Trust
from expertkit.signing.trust.state import from_json

_FILE = "trust.json"
_OPEN = 0o077
_MAX_BYTES = 256 << 20
_KEPT = 3600
"""Seconds for which the index of a list that was replaced stays."""
_LONGEST = 200
_UPDATE = "expert-cli trust update LIST"


def trust_folder(environment: Mapping[str, str]) -> Path:
    """Where the trust of this user is kept."""
    from expertkit.signing.keys import signer_home

    return signer_home(environment) / "trust"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustStore:
    """The folder that it is kept in."""

    folder: Path
    _indexes: dict[str, Index] = field(default_factory=dict, compare=False)

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / _FILE

    def read(self) -> Trust:
        """What is trusted; nobody where there is no file.

        Raises:
            IntegrityError: the file is damaged, or none.
            SignatureError: others may have written it.
        """
        try:
            with open_regular(self.path) as file:
                _check_owner(self.path, os.fstat(file.fileno()))
                data = file.read(_MAX_BYTES + 1)
        except FileNotFoundError:
            return EMPTY
        except FormatError as error:
            raise IntegrityError(*error.lines, hint=error.hint) from error
        return _decode(data, self.path)

    def update(self, change: Callable[[Trust], Trust]) -> Trust:
        """Write what ``change`` makes of what is trusted, one writer at a time.

        Raises:
            FormatError: it could not be read again; nothing was written.
        """
        with locked(self.folder / ".lock"):
            before = self.read()
            after = change(before)
            if after != before or not self.path.exists():
                data = _encode(after.to_json())
                from_json(strict_json.loads(data, file=_FILE, max_bytes=_MAX_BYTES)["trust"], file=_FILE)
                write_bytes(self.path, data, mode=0o600)
            self._remove_unused(after)
        return after

    def revoked(self, known: KnownList, serial: int) -> datetime | None:
        """When a list revoked a certificate; None where it did not.

        Raises:
            SignatureError: the list's index is not here.
            IntegrityError: it is damaged.
        """
        if known.index not in self._indexes:
            data = _mapped(self._index_path(known.index), authority=known.name)
            self._indexes[known.index] = Index(data, digest=known.index)
        return self._indexes[known.index].find(serial)

    def damaged(self, trust: Trust) -> list[str]:
        """What is wrong with the indexes, a line each."""
        found: list[str] = []
        for each in trust.lists:
            try:
                self.revoked(each, 1)
            except (SignatureError, IntegrityError) as error:
                found += error.lines
        return found

    def add_list(self, found: RevocationList, *, issuer: Certificate, at: datetime) -> Trust:
        """Keep a list instead of the older one of its authority.

        Raises:
            SignatureError: the authority did not sign it, a newer one is here, or it was to be renewed already.
        """
        check_list(found, issuer=issuer, at=at)
        if found.is_stale(at):
            message = f"revocation: list {found.number} of {issuer.subject} was to be renewed by {found.next_update}"
            raise SignatureError(message, hint="ask the authority for its newest list")
        data = index.build(found.entries)
        new = KnownList(
            issuer=issuer.key_id, name=printable(issuer.subject)[:_LONGEST], number=str(found.number),
            this_update=format_moment(found.this_update), next_update=format_moment(found.next_update),
            entries=len(found.entries), index=index.head_digest(data),
        )  # fmt: skip

        def change(trust: Trust) -> Trust:
            old = trust.find_list(new.issuer)
            _check_newer(new, old, issuer.subject)
            if old is not None and self._index_path(old.index).exists():
                os.utime(self._index_path(old.index))
            write_bytes(self._index_path(new.index), data, mode=0o600)
            return replace(trust, lists=(*(each for each in trust.lists if each is not old), new))

        return self.update(change)

    def _index_path(self, digest: str) -> Path:
        return self.folder / f"{digest}.index"

    def _remove_unused(self, trust: Trust) -> None:
        """An index that was replaced just now may be needed by somebody who read before."""
        used = {self._index_path(each.index) for each in trust.lists}
        for path in set(self.folder.glob("*.index")) - used:
            if time() - path.stat().st_mtime > _KEPT:
                path.unlink()


def _check_newer(new: KnownList, old: KnownList | None, issuer: str) -> None:
    """Nobody may bring back a certificate by an older list."""
    if old is None or new == old:
        return
    if int(new.number) <= int(old.number):
        message = f"revocation: expected a list of {issuer} newer than number {old.number}, got number {new.number}"
        raise SignatureError(message, hint="ask the authority for its newest list")
    if parse_moment(new.this_update) < parse_moment(old.this_update):
        message = f"revocation: expected a list of {issuer} made after {old.this_update}, got one of {new.this_update}"
        raise SignatureError(message, hint="ask the authority for its newest list")


def _encode(trust: object) -> bytes:
    """The one byte form of the file."""
    return dump_json({"sha256": sha256_bytes(dump_json(trust)), "trust": trust})


def _decode(data: bytes, path: Path) -> Trust:
    hint = f"bring {path.name} back from a copy, or remove it and say again whom you trust: expert-cli trust add"
    try:
        value = strict_json.loads(data, file=str(path), max_bytes=_MAX_BYTES)
        trust = value["trust"]
        found = from_json(trust, file=str(path)) if data == _encode(trust) else None
    except (FormatError, KeyError, TypeError, ValueError) as error:
        raise IntegrityError(f"{path}: expected what this program wrote, got {error}", hint=hint) from error
    if found is None:
        raise IntegrityError(f"{path}: expected what this program wrote, got something else", hint=hint)
    return found


def _check_owner(path: Path, status: os.stat_result) -> None:
    """The rule that keys have: a file of our own, closed to group and others."""
    mode = stat.S_IMODE(status.st_mode)
    if mode & _OPEN:
        message = f"{path}: expected mode 0600, got {mode:04o}; others may have written it"
        raise SignatureError(
            message, hint=f"chmod 600 {path}, then see with expert-cli trust list that it says what you said"
        )
    if status.st_uid not in {os.geteuid(), 0}:
        raise SignatureError(f"{path}: expected a file of yours, got one of user {status.st_uid}")


def _mapped(path: Path, *, authority: str) -> bytes | mmap.mmap:
    try:
        with open_regular(path) as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except FileNotFoundError as error:
        message = f"{path}: expected the index of the revocation list of {authority}, got no such file"
        raise SignatureError(message, hint=_UPDATE) from error
    except (FormatError, ValueError) as error:  # nothing can be mapped of an empty file
        message = f"{path}: expected the index of the revocation list of {authority}, got {error}"
        raise IntegrityError(message, hint=_UPDATE) from error
