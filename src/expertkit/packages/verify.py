"""Whether a package is what it claims to be: its form, its hashes, its manifest, and who vouches for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from expertkit import signing
from expertkit.containers.reader import Container
from expertkit.errors import FormatError, IntegrityError, ProblemsError, SignatureError
from expertkit.manifest import Manifest
from expertkit.members.contents import Contents
from expertkit.members.names import SIGNATURE
from expertkit.packages.reading.canonical import open_canonical
from expertkit.packages.reading.container import only_envelope, outline
from expertkit.packages.reading.forms import read_signature
from expertkit.signing import PublicKey, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A package that a trusted key vouches for."""

    contents: Contents
    manifest: Manifest
    statement: Statement

    def to_json(self) -> dict[str, Any]:
        """What was verified, as JSON values."""
        said = asdict(self.statement)
        del said["members"]
        return {**said, "members": len(self.contents.listed), "valid": True}

    def describe(self) -> str:
        """One line for a person."""
        said = self.statement
        who = f"signed by {said.publisher!r}, key {said.key[:12]}, until {said.expires[:10]}"
        return f"{said.name} {said.version} for {said.base.name}: {len(self.contents.listed)} members intact, {who}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """A container that a trusted key vouches for, of which only header, metadata, TOC and signature were read."""

    manifest: Manifest
    statement: Statement


def verify(path: Path, *, trusted: PublicKey, at: datetime) -> Verified:
    """Check everything about a package, its signature by ``trusted`` at the time ``at`` included.

    Raises:
        SignatureError: nobody, or another key, vouches for it, or no longer.
        IntegrityError: anything else is wrong with it.
    """
    try:
        checked = open_canonical(path)
    except (FormatError, ProblemsError) as error:
        raise IntegrityError(*error.lines, hint=error.hint) from error
    contents = checked.contents
    envelope = contents.kept.get(SIGNATURE)
    if envelope is None and contents.form == "container":
        envelope = _signature_of(path)
    statement = _signed(envelope, trusted=trusted, at=at, file=str(path))
    listed = {} if contents.form == "container" else contents.listed
    _check_about(statement, checked.manifest, members=listed, content_digest=contents.content_digest, file=str(path))
    return Verified(contents=contents, manifest=checked.manifest, statement=statement)


def vouch(container: Container, *, trusted: PublicKey, at: datetime, file: str = "container") -> Vouched:
    """Check who vouches for a container whose sections nobody has read yet, in time that grows with their number alone.

    Each section is checked against the signed root when it is first read.

    Args:
        container: which itself was checked when it was opened.
        trusted: the publisher's key.
        at: the time.
        file: what the container is called in messages.

    Raises:
        SignatureError: nobody, or another key, vouches for it, or no longer.
        FormatError, ManifestError, IntegrityError: the manifest is wrong, or about other sections.
    """
    manifest = outline(container, file=file).reading.manifest
    statement = _signed(only_envelope(container), trusted=trusted, at=at, file=file)
    _check_about(statement, manifest, members={}, content_digest=container.root, file=file)
    return Vouched(manifest=manifest, statement=statement)


def _signature_of(path: Path) -> bytes | None:
    """The envelope of a container; more than one key's own is refused, saying so."""
    try:
        return read_signature(path)
    except SignatureError as error:
        raise SignatureError(f"{path}: {error}", hint=error.hint) from error


def _signed(envelope: bytes | None, *, trusted: PublicKey, at: datetime, file: str) -> Statement:
    """What the trusted key says in the envelope of a package."""
    if envelope is None:
        raise SignatureError(f"{file}: expected a signature, got none", hint=f"expert-cli sign {file}")
    try:
        return signing.check(envelope, trusted=trusted, at=at)
    except SignatureError as error:
        raise SignatureError(f"{file}: {error}", hint=error.hint) from error


def _check_about(
    statement: Statement, manifest: Manifest, *, members: Mapping[str, tuple[int, str]], content_digest: str, file: str
) -> None:
    """What was signed must be this package and nothing else."""
    (base,) = manifest.base_models
    signed = {each.name: (each.size, each.sha256) for each in statement.members}
    if bool(signed) is not bool(members):
        forms = ("a container", "an archive") if signed else ("an archive", "a container")
        raise SignatureError(
            f"{file}: expected a signature about {forms[0]}, got one about {forms[1]}", hint=f"expert-cli sign {file}"
        )
    if (signed, statement.content_digest) != (members, content_digest):
        raise SignatureError(f"{file}: expected a signature over these members, got one over others")
    about = (statement.name, statement.version, statement.base.name, statement.base.fingerprint)
    if about != (manifest.name, manifest.version, base.name, base.sha256):
        raise SignatureError(
            f"{file}: expected a signature for this expert and base, got one for {' '.join(about[:3])}"
        )
