"""Stage ``sign``: the publisher's signature in a package."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from expertkit import layout, signing
from expertkit.archives import archive
from expertkit.containers.signatures import Signature
from expertkit.containers.writer import write_signed
from expertkit.errors import FormatError, IntegrityError, SignatureError
from expertkit.members.contents import Form, Part
from expertkit.members.names import SIGNATURE
from expertkit.packages import ledger
from expertkit.packages.output import find_package, open_folder, packages, refuse, signed_folders
from expertkit.packages.reading.canonical import open_canonical
from expertkit.packages.reading.checked import Checked
from expertkit.packages.reading.container import open_container
from expertkit.packages.reading.forms import read_signature
from expertkit.packages.report import Judged, read_refusal
from expertkit.packages.writing import Built, Sizes, sizes, write_archive, write_package
from expertkit.recipes import Recipe
from expertkit.signing import Entry, Member, PublicKey, Statement
from expertkit.signing.statement import Base


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Who signs, when, and what remembers it."""

    private: Ed25519PrivateKey
    public: PublicKey
    ledger: Path
    at: datetime
    valid_days: int


def sign_package(project: Path, recipe: Recipe, *, signer: Signer, record_refusal: bool = False) -> Built | Judged:
    """Sign what stage ``package`` left, or with ``record_refusal`` pass its refusal on.

    Raises:
        PackagingError: there is no package, or its expert was refused.
        FormatError, IntegrityError: the package is not sound.
    """
    source, output = project / layout.PACKAGES / recipe.key, project / layout.SIGNED / recipe.key
    refused = read_refusal(source)
    if refused is not None:
        return refuse(output, refused, record=record_refusal)
    return sign_file(find_package(source, hint=_package_command(recipe)), output=output, whole=True, signer=signer)


def sign_file(path: Path, *, output: Path, whole: bool, signer: Signer) -> Built:
    """Write a signed copy of a package and its sidecar into the folder ``output``.

    A signature that is there already is left out. The same content signed again gives the same bytes.

    Args:
        path: the package.
        output: the folder.
        whole: whether the copy replaces everything in it.
        signer: who signs, and when.

    Raises:
        FormatError, IntegrityError: the package is not sound.
        PackagingError: it changed meanwhile; nothing was written.
    """
    checked = open_canonical(path)
    digest = checked.contents.content_digest
    entry = ledger.record(
        signer.ledger, content_digest=digest, key=signer.public.id, at=signer.at, valid_days=signer.valid_days
    )
    envelope = signing.seal(_statement(checked, entry, publisher=signer.public.publisher), signer.private)
    write = partial(_write, path, checked.contents.form, envelope)
    with open_folder(output, whole=whole) as folder:
        signed = write_package(folder / path.name, write, content_digest=digest)
    return replace(signed, path=output / path.name)


def expired(project: Path, *, at: datetime) -> frozenset[str]:
    """The names of the folders of ``build/signed/`` whose package is no longer valid."""
    signed = [path for folder in signed_folders(project) for path in packages(folder)]
    return frozenset(path.parent.name for path in signed if _has_expired(path, at))


def _has_expired(path: Path, at: datetime) -> bool:
    """A damaged package has not: whoever watches the files sees that for himself."""
    try:
        envelope = read_signature(path)
        return envelope is not None and at >= signing.parse_moment(signing.read_unverified(envelope).expires)
    except (FormatError, IntegrityError, SignatureError):
        return False


def _package_command(recipe: Recipe) -> str:
    return f"expert-cli package --expert {recipe.expert} --base {recipe.base}"


def _statement(checked: Checked, entry: Entry, *, publisher: str) -> Statement:
    manifest, contents = checked.manifest, checked.contents
    (base,) = manifest.base_models
    members = [] if contents.form == "container" else sorted(contents.listed.items())
    return Statement(
        name=manifest.name,
        version=manifest.version,
        base=Base(name=base.name, fingerprint=str(base.sha256)),
        content_digest=contents.content_digest,
        members=tuple(Member(name=name, size=size, sha256=digest) for name, (size, digest) in members),
        publisher=publisher,
        key=entry.key,
        created=entry.created,
        expires=entry.expires,
        sequence=entry.sequence,
    )


def _write(path: Path, form: Form, envelope: bytes, file: IO[bytes]) -> Sizes:
    """Write a signed copy of a package."""
    if form != "container":
        with path.open("rb") as source:
            return write_archive(file, _with_signature(source, envelope))
    with open_container(path) as container:
        write_signed(container, file, signed=[Signature(envelope=envelope)])
        return sizes(container.entries)


def _with_signature(source: IO[bytes], envelope: bytes) -> Iterator[Part]:
    """The members of a package with the envelope as its last one."""
    for part in archive.read(source):
        if part.name != SIGNATURE:
            yield part
    yield Part(name=SIGNATURE, size=len(envelope), chunks=[envelope])
