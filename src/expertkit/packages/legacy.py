"""Packages that other programs wrote: checked as far as they can be, reported as such, never trusted.

Their archive is any tar of regular files, flat or with ``weights/<model>/``; their manifest is read
compatibly; they may hold ``training_args.bin``, a pickle, which nobody opens.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from expertkit import layout
from expertkit.errors import FormatError, IntegrityError, Problem
from expertkit.manifest import BaseEntry, Manifest, Reading, base_slug, load, older_spellings
from expertkit.packages.archive import Contents, scan
from expertkit.packages.names import MANIFEST, SIGNATURE, TENSORS
from expertkit.packages.pickles import refuse_pickle
from expertkit.packages.sidecar import check_sidecar

PICKLE = "training_args.bin"
"""What the trainer of that time left beside its adapters."""

_UNLISTED = frozenset({MANIFEST, SIGNATURE})


def check_legacy(path: Path) -> tuple[Contents, Reading]:
    """Check what an archive of another program says about itself.

    Raises:
        FormatError: it is no such archive, or lacks manifest or weights.
        ManifestError: its manifest is wrong even for an old one.
        IntegrityError: its bytes are not those that its manifest or the sidecar names.
    """
    check_sidecar(path)
    contents = scan(path, keep=(MANIFEST,), form="legacy")
    if MANIFEST not in contents.members:
        raise FormatError(f"{path}: expected {MANIFEST} in the package, got none")
    file = f"{path}: {MANIFEST}"
    reading = load(contents.kept[MANIFEST], file=file, compatible=True)
    _check_weights(path, reading.manifest, contents)
    listed = _listed(reading.manifest)
    _check_listed(path, listed, contents)
    unlisted = sorted(contents.members.keys() - listed.keys() - _UNLISTED)
    warnings = [*_warnings(str(path), contents), *reading.warnings, *_unproved(file, unlisted)]
    return contents, Reading(manifest=reading.manifest, warnings=tuple(warnings))


def is_legacy_pickle(name: str) -> bool:
    """Whether a member is the one pickle that old packages have, which is never opened and never passed on."""
    return name.rpartition("/")[2] == PICKLE


def find_weights(manifest: Manifest, contents: Contents) -> dict[str, str]:
    """The member that holds each base's tensors, by the base's name, for those whose tensors are there."""
    places = {entry.name: next(_places(entry, manifest, contents), None) for entry in manifest.base_models}
    return {base: member for base, member in places.items() if member is not None}


def _places(entry: BaseEntry, manifest: Manifest, contents: Contents) -> Iterator[str]:
    """Where a base's tensors may be: where the manifest says, in the folder of the base, flat if it is the only one."""
    for adapter in entry.adapters:
        if adapter.path:
            yield from (name for name in (adapter.path, f"{adapter.path}/{TENSORS}") if name in contents.members)
    below = [name.split("/") for name in contents.members if name.startswith(f"{layout.WEIGHTS}/")]
    tensors = sorted((parts for parts in below if len(parts) > 2 and parts[-1] == TENSORS), key=len)
    for spellings in ({base_slug(entry.name)}, older_spellings(entry.name)):
        yield from ("/".join(parts) for parts in tensors if base_slug(parts[1]) in spellings)
    if len(manifest.base_models) == 1 and TENSORS in contents.members:
        yield TENSORS


def _warnings(file: str, contents: Contents) -> Iterator[Problem]:
    yield Problem(file=file, place="", expected="the form of this program's packages", got="a legacy archive")
    if SIGNATURE in contents.members:
        yield Problem(file=file, place=SIGNATURE, expected="a signature of ours", got="one that is not looked at")
    for name, head in contents.heads.items():
        if is_legacy_pickle(name):
            yield Problem(file=file, place=name, expected="no pickle", got="one, which is not opened or passed on")
        else:
            refuse_pickle(name, head)


def _check_weights(path: Path, manifest: Manifest, contents: Contents) -> None:
    """There are some, and what the manifest says about their bytes is true."""
    weights = find_weights(manifest, contents)
    if not weights:
        raise FormatError(f"{path}: expected {TENSORS} in the package, flat or in weights/<base>/, got none")
    for entry in manifest.base_models:
        said = {_bare(adapter.sha256) for adapter in entry.adapters if adapter.sha256}
        found = weights.get(entry.name)
        if said and found and contents.members[found][1] not in said:
            raise IntegrityError(f"{path}, {found}: expected SHA-256 {', '.join(sorted(said))}, got another")


def _listed(manifest: Manifest) -> Mapping[str, str]:
    """The hashes of members that the manifest names; here a name with an underscore is no comment."""
    files = manifest.raw.get("integrity", {}).get("files") if manifest.integrity else None
    return {name: digest for name, digest in (files or {}).items() if isinstance(digest, str)}


def _check_listed(path: Path, listed: Mapping[str, str], contents: Contents) -> None:
    for name, digest in listed.items():
        found = contents.members.get(name)
        if name not in _UNLISTED and (found is None or found[1] != _bare(digest)):
            raise IntegrityError(f"{path}, integrity: expected {name} with SHA-256 {digest}, got {found and found[1]}")


def _bare(digest: str) -> str:
    return digest.removeprefix("sha256:").lower()


def _unproved(file: str, unlisted: list[str]) -> Iterator[Problem]:
    if unlisted:
        got = f"none for {', '.join(unlisted)}"
        yield Problem(file=file, place="/integrity", expected="a hash of every member", got=got)
