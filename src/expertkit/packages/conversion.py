"""A package in another form: the same members, proved equal, under a signature of one's own or none.

A signature is about one form, and is not carried over; whoever converts with a key vouches for the result.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, Any

from expertkit.containers import kinds
from expertkit.containers.sources import Held, OnDisk, Source
from expertkit.containers.writer import Options
from expertkit.errors import PackagingError, UnsupportedError
from expertkit.files import real_path
from expertkit.members.contents import Contents, Form, Part
from expertkit.members.names import SIGNATURE
from expertkit.packages.reading.canonical import open_canonical
from expertkit.packages.reading.container import open_container
from expertkit.packages.reading.forms import open_parts
from expertkit.packages.signing.sign import Signer, sign_file
from expertkit.packages.vouching.verify import verify
from expertkit.packages.writing import Built, Sizes, publish, write_archive, write_container, write_package
from expertkit.signing.trust import Verifier

_IN_MEMORY = 4 << 20
"""Bytes of a member that is kept in memory; larger ones go through a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """A package and what it was made from."""

    source: Path
    before: Form
    built: Built
    members_digest: str
    """Of the members of both."""
    members: int
    is_signed: bool

    def to_json(self) -> dict[str, Any]:
        """The facts as JSON values."""
        return {
            "source": str(self.source), "from": self.before, **self.built.to_json(),
            "members_digest": self.members_digest, "signed": self.is_signed,
        }  # fmt: skip

    def describe(self) -> list[str]:
        """Lines for a person."""
        signed = "signed with your key" if self.is_signed else "not signed; --key signs it"
        return [
            *self.built.describe_members(),
            self.built.describe(),
            f"equal to {self.source} ({self.before}): {self.members} members, digest {self.members_digest}; {signed}",
        ]


def convert(  # what, where to, how, who looked, who signs
    path: Path, *, output: Path, form: Form, options: Options, verifier: Verifier | None, signer: Signer | None
) -> Converted:  # fmt: skip
    """Write a package of our own in another form into the folder ``output``, with its sidecar.

    Args:
        path: the package.
        output: a folder; a package of the same name in it is replaced.
        form: "archive" or "container".
        options: how the sections of a container are stored.
        verifier: who looks at the package; None takes it unsigned.
        signer: who signs the result, if anybody does.

    Raises:
        FormatError, ManifestError, IntegrityError: the package is not sound.
        SignatureError: nobody who is trusted vouches for it.
        PackagingError: the result would not be read again as the same members; nothing was written.
    """
    target = output / path.name
    if real_path(target) == real_path(path):
        message = f"{target}: expected another folder than the package's own, got the same"
        raise PackagingError(message, hint="--output DIR")
    contents = verify(path, verifier=verifier).contents if verifier else open_canonical(path).contents
    _check_known(path, contents)
    output.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=output, prefix=".converting-") as scratch:
        write = partial(_write, path, contents, form, options)
        built = write_package(Path(scratch, path.name), write, members_digest=contents.members_digest)
        if signer is not None:
            built = sign_file(built.path, output=Path(scratch, "signed"), whole=False, signer=signer)
        built = publish(built, output)
    return Converted(
        source=path, before=contents.form, built=built, members_digest=contents.members_digest,
        members=len(contents.listed), is_signed=signer is not None,
    )  # fmt: skip


def _check_known(path: Path, contents: Contents) -> None:
    """What is no member would get lost, and nobody would notice: the members are equal without it."""
    if contents.form != "container":
        return
    with open_container(path) as container:
        odd = [entry.describe() for entry in container.entries if entry.type not in kinds.KINDS]
    if odd:
        message = f"{path}: expected sections of types that this program knows, got {', '.join(odd)}"
        raise UnsupportedError(message, hint="a newer version of this program may convert it")


def _write(path: Path, contents: Contents, form: Form, options: Options, file: IO[bytes]) -> Sizes:
    with open_parts(path, form=contents.form) as parts:
        shipped = (part for part in parts if part.name != SIGNATURE)
        if form == "archive":
            return write_archive(file, shipped)
        with _gathered(shipped, scratch=Path(file.name).parent) as members:
            return write_container(file, members, options=options)


@contextmanager
def _gathered(parts: Iterator[Part], *, scratch: Path) -> Iterator[dict[str, Source]]:
    """The members where they can be read in any order, large ones in files of the folder ``scratch`` without a name."""
    with ExitStack() as stack:
        yield {part.name: _gather(part, stack, scratch=scratch) for part in parts}


def _gather(part: Part, stack: ExitStack, *, scratch: Path) -> Source:
    if part.size <= _IN_MEMORY:
        return Held(b"".join(bytes(chunk) for chunk in part.chunks))
    file = stack.enter_context(TemporaryFile(dir=scratch))  # noqa: SIM115  # the stack closes it
    for chunk in part.chunks:
        file.write(chunk)
    file.flush()
    return OnDisk(file.fileno())
