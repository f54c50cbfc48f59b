"""Members on their way in or out of a package, and what was found in one: sizes, hashes, and the bytes asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from expertkit.errors import FormatError, IntegrityError
from expertkit.files import listing_digest
from expertkit.members.names import SIGNATURE, order

Form = Literal["archive", "legacy", "container"]
"""Our tar.gz, byte for byte; what other programs wrote; our binary form."""

Chunk = bytes | memoryview

_CHUNK = 1 << 20
_HEAD = 16
_LARGEST_KEPT = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A member on its way in or out."""

    name: str
    size: int
    """Bytes."""
    chunks: Iterable[Chunk]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What was found in a package."""

    members: Mapping[str, tuple[int, str]]
    """Name to size in bytes and hex SHA-256, in the order of the package."""
    heads: Mapping[str, bytes]
    """The first 16 bytes of each member."""
    kept: Mapping[str, bytes]
    """The whole bytes of the members that were asked for, where they are there."""
    form: Form
    root: str | None = None
    """The root digest of a container, which stands for what is shipped."""

    @property
    def listed(self) -> dict[str, tuple[int, str]]:
        """All members but the signature: what is shipped."""
        return {name: row for name, row in self.members.items() if name != SIGNATURE}

    @property
    def members_digest(self) -> str:
        """Digest of what is shipped, the same in every form."""
        return listing_digest(self.listed)

    @property
    def content_digest(self) -> str:
        """Digest of what is shipped as it is stored, free of signature and clock: what a signature is about."""
        return self.root or self.members_digest


def whole(members: Mapping[str, bytes]) -> list[Part]:
    """Parts of members that are in memory, in the order they are written."""
    return [
        Part(name=name, size=len(members[name]), chunks=pieces(members[name])) for name in sorted(members, key=order)
    ]


def pieces(data: Chunk) -> list[memoryview]:
    """The bytes in pieces of at most 1 MiB."""
    return [memoryview(data)[at : at + _CHUNK] for at in range(0, len(data), _CHUNK)]


def collect(
    parts: Iterable[Part], *, form: Form, keep: Collection[str] = (), largest_kept: int = _LARGEST_KEPT,
    root: str | None = None,
) -> Contents:  # fmt: skip
    """Take all parts in: sizes, hashes, and the bytes of the members named in ``keep``.

    Args:
        parts: the members, in the order of the package.
        form: the package's.
        keep: members whose bytes are wanted, each of at most ``largest_kept`` bytes.
        largest_kept: bytes.
        root: the root digest of a container.

    Raises:
        FormatError: a member that is wanted is too large.
    """
    members: dict[str, tuple[int, str]] = {}
    heads: dict[str, bytes] = {}
    kept: dict[str, bytes] = {}
    for part in parts:
        if part.name in keep and part.size > largest_kept:
            raise FormatError(f"member {part.name!r}: expected at most {largest_kept} bytes, got {part.size}")
        digest, wanted, head = hashlib.sha256(), [], b""
        for chunk in part.chunks:
            digest.update(chunk)
            head = head or bytes(chunk[:_HEAD])
            if part.name in keep:
                wanted.append(bytes(chunk))
        members[part.name] = (part.size, digest.hexdigest())
        heads[part.name] = head
        if part.name in keep:
            kept[part.name] = b"".join(wanted)
    return Contents(members=members, heads=heads, kept=kept, form=form, root=root)


@contextmanager
def naming_errors(path: Path, *, is_placed: bool = False) -> Iterator[None]:
    """Let an error about what is in a package say which file that is, and if ``is_placed`` at which of its bytes."""
    try:
        yield
    except (FormatError, IntegrityError) as error:
        place = f" (at byte {error.offset})" if is_placed and error.offset is not None else ""
        named = type(error)(f"{path}: {error}{place}", offset=error.offset, hint=error.hint)
        if isinstance(named, FormatError) and isinstance(error, FormatError):
            named.problem = error.problem
        raise named from error
