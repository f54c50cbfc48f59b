"""Which form a package has, and its members in any form; which it is, its first bytes say, and never its name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from expertkit.archives import archive
from expertkit.containers import header, limits
from expertkit.errors import IntegrityError, UnsupportedError
from expertkit.files import open_regular, sha256_bytes
from expertkit.members import bundle
from expertkit.members.contents import Contents, Form, Part, collect, naming_errors
from expertkit.members.names import SIGNATURE
from expertkit.members.signatures import Signature
from expertkit.packages.reading import container

LARGEST: dict[Form, int] = {
    "archive": archive.LIMITS.package,
    "legacy": archive.LIMITS.package,
    "container": limits.FILE,
}
"""Bytes of a file of each form."""


def recognize(path: Path) -> Form | None:
    """The form of the package at ``path`` by how it begins, None if it is none; what follows may still be wrong."""
    with open_regular(path) as file:
        is_container = file.read(len(header.MAGIC)) == header.MAGIC
    return "container" if is_container else archive.recognize(path)


def require(path: Path) -> Form:
    """The form of a package.

    Raises:
        UnsupportedError: it begins like none that is read here.
    """
    form = recognize(path)
    if form is None:
        raise UnsupportedError(f"{path}: expected a package, which is a container or a tar.gz, got neither", offset=0)
    return form


def scan(
    path: Path, *, form: Form, keep: Collection[str] = (), watch: Callable[[Part], Part] = lambda part: part,
    largest_kept: int = 4 << 20,
) -> Contents:  # fmt: skip
    """Read a whole package: sizes, hashes, and the bytes of the members named in ``keep``.

    Args:
        path: the package.
        form: which it has to have.
        keep: members whose bytes are wanted, each of at most ``largest_kept`` bytes.
        watch: what each member goes through; it gives the same bytes, and may refuse them.
        largest_kept: bytes.

    Raises:
        FormatError, IntegrityError: it is not sound, or ``watch`` refused a member.
    """
    if form != "container":
        return archive.scan(path, keep=keep, watch=watch, form=form, largest_kept=largest_kept)
    with container.open_container(path) as found:
        container.outline(found, file=str(path), compatible=True)
        with naming_errors(path, is_placed=True):
            parts = map(watch, container.parts(found))
            return collect(parts, form=form, keep=keep, largest_kept=largest_kept, root=found.root)


def read_signatures(path: Path) -> tuple[Signature, ...]:
    """The signatures in a package that is known to be sound; a container's rest is not read.

    Raises:
        FormatError, IntegrityError: the package is not sound after all, or its signatures are malformed.
    """
    form = require(path)
    if form != "container":
        kept = scan(path, form=form, keep=(SIGNATURE,)).kept.get(SIGNATURE)
        return bundle.decode(kept) if kept is not None else ()
    with container.open_container(path) as found:
        return tuple(found.signatures)


@contextmanager
def open_parts(path: Path, *, form: Form) -> Iterator[Iterator[Part]]:
    """The members of a package, each to be used before the next is asked for."""
    if form == "container":
        with container.open_container(path) as found, naming_errors(path, is_placed=True):
            yield container.parts(found)
    else:
        with open_regular(path) as file:
            yield archive.read(file, form=form)


def read_members(path: Path, contents: Contents, *, names: Collection[str]) -> dict[str, bytearray]:
    """The bytes of some members of a package that was checked, each in memory once.

    Raises:
        IntegrityError: they are not those that were checked.
    """
    kept: dict[str, bytearray] = {}
    seen: dict[str, tuple[int, str]] = {}
    with open_parts(path, form=contents.form) as parts:
        for part in parts:
            if part.name in names:
                kept[part.name] = bytearray()
                for chunk in part.chunks:
                    kept[part.name] += chunk
                seen[part.name] = (part.size, sha256_bytes(kept[part.name]))
    if any(seen.get(name) != contents.members.get(name) for name in names):
        raise IntegrityError(f"{path}: expected the members that were checked, got others", hint="try again")
    return kept
