"""Packages, written: the same members as an archive or as a container, never anything that would not be read again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any

from expertkit.archives import archive
from expertkit.containers import codecs, writer
from expertkit.containers.sources import Source
from expertkit.containers.toc import Entry
from expertkit.containers.writer import Options
from expertkit.errors import FormatError, IntegrityError, PackagingError, ProblemsError
from expertkit.files import atomic_write
from expertkit.manifest import load
from expertkit.members.contents import Form, Part
from expertkit.packages.names import MANIFEST
from expertkit.packages.reading.canonical import open_canonical
from expertkit.packages.sections import drafts
from expertkit.packages.sidecar import sidecar, write_sidecar

Told = Callable[[int], None]
"""Is told, after each piece of an archive or each section of a container, how many bytes went in."""


def nobody(_bytes: int) -> None:
    """Nobody is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """What became of a member."""

    plain: int
    """Bytes."""
    packed: int
    """Bytes in the package."""
    codec: str
    """How it is stored there."""


Sizes = Mapping[str, Packed]
"""By member."""


def write_archive(file: IO[bytes], parts: Iterable[Part], *, told: Told = nobody) -> Sizes:
    """Write an archive of ``parts``, which come in ``names.order``."""
    sizes = archive.write(file, parts, packed=told)
    return {name: Packed(plain=plain, packed=packed, codec="deflate") for name, (plain, packed) in sizes.items()}


def write_container(
    file: IO[bytes], members: Mapping[str, Source], *, options: Options, told: Told = nobody
) -> Sizes:  # fmt: skip
    """Write a container of members, the manifest among them, each read as often as is needed.

    Raises:
        FormatError: a member is none of a package, or holds malformed tensors.
        ManifestError: the manifest is wrong.
    """
    metadata = bytes(members[MANIFEST].view(0, members[MANIFEST].size))
    manifest = load(metadata, file=MANIFEST, compatible=True).manifest
    rest = {name: source for name, source in members.items() if name != MANIFEST}
    told(len(metadata))
    entries = writer.write(file, metadata=metadata, sections=drafts(rest, manifest), options=options, packed=told)
    return {MANIFEST: Packed(plain=len(metadata), packed=len(metadata), codec="raw"), **sizes(entries)}


def sizes(entries: Iterable[Entry]) -> dict[str, Packed]:
    """What became of the members whose sections these are; an adapter's layers are taken together."""
    found: dict[str, Packed] = {}
    for entry in entries:
        before = found.get(entry.name, Packed(plain=0, packed=0, codec=codecs.WORDS[entry.codec]))
        words = {*before.codec.split("+"), codecs.WORDS[entry.codec]}
        found[entry.name] = Packed(
            plain=before.plain + entry.raw, packed=before.packed + entry.stored, codec="+".join(sorted(words))
        )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A package on disk."""

    path: Path
    bytes: int
    sha256: str
    """Of the file."""
    content_digest: str
    form: Form
    members: Sizes
    """What became of each member."""

    def to_json(self) -> dict[str, Any]:
        """The facts as JSON values."""
        rows = self.members.items()
        sizes = {name: {"bytes": row.plain, "packed": row.packed, "codec": row.codec} for name, row in rows}
        return {**asdict(self), "path": str(self.path), "members": sizes}

    def describe(self) -> str:
        """One line for a person."""
        return f"{self.path}: {self.form} of {self.bytes:,} bytes, content digest {self.content_digest}"

    def describe_members(self) -> list[str]:
        """A line for each member: bytes, what they were packed to, the ratio, and how."""
        return [
            f"{row.plain:>12,} -> {row.packed:>12,}  {row.packed / max(row.plain, 1):>6.1%}  {row.codec:7}  {name}"
            for name, row in self.members.items()
        ]


def write_package(
    path: Path, write: Callable[[IO[bytes]], Sizes], *, members_digest: str | None = None,
    content_digest: str | None = None,
) -> Built:  # fmt: skip
    """Write a package and its sidecar.

    Args:
        path: where to.
        write: writes it.
        members_digest: of the members that are to be in it, where that is known.
        content_digest: of what is to be in it, where that is known.

    Raises:
        PackagingError: what was written would not be read again, or not as those members; there is no package then.
    """
    with atomic_write(path) as file:
        packed = write(file)
        file.flush()
        with _readable(Path(file.name), shown=path):
            contents = open_canonical(Path(file.name)).contents
        for what, expected, got in (
            ("members", members_digest, contents.members_digest), ("content", content_digest, contents.content_digest)
        ):  # fmt: skip
            if expected not in {None, got}:
                raise PackagingError(f"{path.name}: expected {what} of digest {expected}, got {got}", hint="try again")
        sidecar(path).unlink(missing_ok=True)  # that of an older package would contradict the new one
    return Built(
        path=path, bytes=path.stat().st_size, sha256=write_sidecar(path), content_digest=contents.content_digest,
        form=contents.form, members=packed,
    )  # fmt: skip


def publish(built: Built, folder: Path) -> Built:
    """Move a finished package with its sidecar into another folder of the same disk, over one of its name."""
    target = folder / built.path.name
    sidecar(target).unlink(missing_ok=True)
    built.path.replace(target)
    sidecar(built.path).replace(sidecar(target))
    return replace(built, path=target)


@contextmanager
def _readable(written: Path, *, shown: Path) -> Iterator[None]:
    """Nothing leaves here that a reader of ours would refuse."""
    try:
        yield
    except (FormatError, IntegrityError, ProblemsError) as error:
        why = str(error).replace(str(written), shown.name)
        raise PackagingError(f"{shown.name}: expected a package that can be read again, got one where {why}") from error
