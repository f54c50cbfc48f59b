"""Whether a package is what it claims to be: its form, its hashes, its manifest, and who vouches for it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from expertkit import signing
from expertkit.errors import FormatError, IntegrityError, ProblemsError, SignatureError
from expertkit.manifest import Manifest
from expertkit.members.contents import Contents
from expertkit.members.names import SIGNATURE
from expertkit.packages.reading.canonical import open_canonical
from expertkit.packages.reading.checked import Checked
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
    envelope = checked.contents.kept.get(SIGNATURE)
    if envelope is None:
        raise SignatureError(f"{path}: expected a signature, got none", hint=f"expert-cli sign {path}")
    try:
        statement = signing.check(envelope, trusted=trusted, at=at)
    except SignatureError as error:
        raise SignatureError(f"{path}: {error}", hint=error.hint) from error
    _check_statement(path, statement, checked)
    return Verified(contents=checked.contents, manifest=checked.manifest, statement=statement)


def _check_statement(path: Path, statement: Statement, checked: Checked) -> None:
    """What was signed must be this package and nothing else."""
    (base,) = checked.manifest.base_models
    contents = checked.contents
    signed = {each.name: (each.size, each.sha256) for each in statement.members}
    about = (statement.name, statement.version, statement.base.name, statement.base.fingerprint)
    listed = {} if contents.form == "container" else contents.listed
    if (signed, statement.content_digest) != (listed, contents.content_digest):
        raise SignatureError(f"{path}: expected a signature over these members, got one over others")
    if about != (checked.manifest.name, checked.manifest.version, base.name, base.sha256):
        raise SignatureError(
            f"{path}: expected a signature for this expert and base, got one for {' '.join(about[:3])}"
        )
