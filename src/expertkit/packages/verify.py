"""Whether a package is what it claims to be: its form, its hashes, its manifest, and who vouches for it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from expertkit import signing
from expertkit.adapters import header_size, ranks, read_shapes
from expertkit.errors import FormatError, IntegrityError, ProblemsError, SignatureError
from expertkit.manifest import Manifest, Reading, load
from expertkit.packages.archive import Contents, read_start, scan
from expertkit.packages.names import EVALUATION, MANIFEST, REQUIRED, SIGNATURE, TENSORS
from expertkit.packages.pickles import refuse_pickle
from expertkit.packages.report import read_judged
from expertkit.packages.sidecar import check_sidecar
from expertkit.signing import PublicKey, Statement

_KEPT = (MANIFEST, SIGNATURE, EVALUATION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A package whose form and hashes are right; nobody may vouch for it."""

    contents: Contents
    reading: Reading

    @property
    def manifest(self) -> Manifest:
        """The expert's manifest."""
        return self.reading.manifest

    @property
    def is_signed(self) -> bool:
        """Whether there is a signature, checked or not."""
        return SIGNATURE in self.contents.members


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


def check_archive(path: Path, *, compatible: bool = False) -> Checked:
    """Check everything about a package but its signature.

    Args:
        path: the package.
        compatible: whether to put up with what older manifests contain.

    Raises:
        FormatError: the archive, a name or the set of members is not what a package has.
        ManifestError: its manifest is wrong.
        IntegrityError: a member's bytes are not the ones that the manifest or the sidecar names.
    """
    check_sidecar(path)
    contents = scan(path, keep=_KEPT)
    missing = sorted(REQUIRED - contents.members.keys())
    if missing:
        raise FormatError(f"{path}: expected {', '.join(missing)} in the package, got none")
    for name, head in contents.heads.items():
        refuse_pickle(name, head)
    reading = load(contents.kept[MANIFEST], file=f"{path}: {MANIFEST}", compatible=compatible)
    read_judged(contents.kept[EVALUATION], file=f"{path}: {EVALUATION}")
    _check_integrity(path, reading.manifest, contents)
    _check_adapter(path, reading.manifest, contents)
    return Checked(contents=contents, reading=reading)


def verify(path: Path, *, trusted: PublicKey, at: datetime) -> Verified:
    """Check everything about a package, its signature by ``trusted`` at the time ``at`` included.

    Raises:
        SignatureError: nobody, or another key, vouches for it, or no longer.
        IntegrityError: anything else is wrong with it.
    """
    try:
        checked = check_archive(path)
    except (FormatError, ProblemsError) as error:
        raise IntegrityError(str(error)) from error
    if not checked.is_signed:
        raise SignatureError(f"{path}: expected a signature, got none", hint=f"expert-cli sign {path}")
    try:
        statement = signing.check(checked.contents.kept[SIGNATURE], trusted=trusted, at=at)
    except SignatureError as error:
        raise SignatureError(f"{path}: {error}", hint=error.hint) from error
    _check_statement(path, statement, checked)
    return Verified(contents=checked.contents, manifest=checked.manifest, statement=statement)


def _check_integrity(path: Path, manifest: Manifest, contents: Contents) -> None:
    """The manifest must name every member but itself and the signature, each with its hash."""
    expected = dict(manifest.raw["integrity"]["files"]) if manifest.integrity and manifest.integrity.files else {}
    found = {name: digest for name, (_, digest) in contents.listed.items() if name != MANIFEST}
    if expected != found:
        wrong = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
        raise IntegrityError(f"{path}, integrity: expected the members' own hashes, got others for {', '.join(wrong)}")


def _check_adapter(path: Path, manifest: Manifest, contents: Contents) -> None:
    """The manifest must be about one base and about the adapter that is there."""
    if len(manifest.base_models) != 1 or len(manifest.base_models[0].adapters) != 1:
        raise IntegrityError(f"{path}, base_models: expected one base with one adapter, got more")
    (adapter,) = manifest.base_models[0].adapters
    if (adapter.size_bytes, adapter.sha256) != contents.members[TENSORS] or not manifest.base_models[0].sha256:
        raise IntegrityError(f"{path}, base_models: expected size and hashes of adapter and base, got others")
    start = read_start(path, TENSORS, header_size)
    try:
        found = ranks(read_shapes(start, size=contents.members[TENSORS][0]))
    except FormatError as error:
        raise FormatError(f"{path}, {TENSORS}: {error}", offset=error.offset) from error
    targets = {module.rpartition(".")[2] for module in found}
    if set(found.values()) != {adapter.r} or targets != set(adapter.target_modules):
        said = f"rank {adapter.r} on {', '.join(sorted(adapter.target_modules))}"
        got = f"rank {', '.join(map(str, sorted(set(found.values()))))} on {', '.join(sorted(targets))}"
        raise IntegrityError(f"{path}, {TENSORS}: expected {said}, as the manifest says, got {got}")


def _check_statement(path: Path, statement: Statement, checked: Checked) -> None:
    """What was signed must be this package and nothing else."""
    (base,) = checked.manifest.base_models
    signed = {each.name: (each.size, each.sha256) for each in statement.members}
    about = (statement.name, statement.version, statement.base.name, statement.base.fingerprint)
    if signed != checked.contents.listed:
        raise SignatureError(f"{path}: expected a signature over these members, got one over others")
    if about != (checked.manifest.name, checked.manifest.version, base.name, base.sha256):
        raise SignatureError(
            f"{path}: expected a signature for this expert and base, got one for {' '.join(about[:3])}"
        )
