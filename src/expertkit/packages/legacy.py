"""Packages that other programs wrote: checked as far as they can be, reported as such, never trusted.

Their archive is any tar of regular files, flat or with ``weights/<model>/``; their manifest is read
compatibly; they may hold ``training_args.bin``, a pickle, which nobody opens.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from expertkit import layout
from expertkit.errors import FormatError, IntegrityError, Problem
from expertkit.manifest import Manifest, Reading, base_key, load
from expertkit.packages.archive import Contents, scan
from expertkit.packages.names import MANIFEST, SIGNATURE, TENSORS
from expertkit.packages.pickles import refuse_pickle

PICKLE = "training_args.bin"
"""What the trainer of that time left beside its adapters."""

_UNLISTED = frozenset({MANIFEST, SIGNATURE})


def check_legacy(path: Path) -> tuple[Contents, Reading]:
    """Check what an archive of another program says about itself.

    Raises:
        FormatError: it is no such archive, or lacks manifest or weights.
        ManifestError: its manifest is wrong even for an old one.
        IntegrityError: its bytes are not those that its manifest names.
    """
    contents = scan(path, keep=(MANIFEST,), form="legacy")
    if MANIFEST not in contents.members:
        raise FormatError(f"{path}: expected {MANIFEST} in the package, got none")
    file = f"{path}: {MANIFEST}"
    reading = load(contents.kept[MANIFEST], file=file, compatible=True)
    _check_hashes(path, reading.manifest, contents)
    warnings = [*_warnings(str(path), contents), *reading.warnings, *_unproved(file, reading.manifest)]
    return contents, Reading(manifest=reading.manifest, warnings=tuple(warnings))


def is_legacy_pickle(name: str) -> bool:
    """Whether a member is the one pickle that old packages have, which is never opened and never passed on."""
    return name.rpartition("/")[2] == PICKLE


def find_weights(manifest: Manifest, contents: Contents) -> str | None:
    """The name of the adapter's tensors: flat, or in the folder of the manifest's base; None where they are not."""
    keys = {base_key(entry.name) for entry in manifest.base_models}
    for name in sorted(contents.members, key=lambda each: each.count("/")):
        *folders, last = name.split("/")
        if last == TENSORS and (not folders or (folders[0] == layout.WEIGHTS and base_key(folders[1]) in keys)):
            return name
    return None


def _warnings(file: str, contents: Contents) -> Iterator[Problem]:
    yield Problem(file=file, place="", expected="the form of this program's packages", got="a legacy archive")
    for name, head in contents.heads.items():
        if is_legacy_pickle(name):
            yield Problem(file=file, place=name, expected="no pickle", got="one, which is not opened or passed on")
        else:
            refuse_pickle(name, head)


def _check_hashes(path: Path, manifest: Manifest, contents: Contents) -> None:
    """Everything that the manifest says about bytes has to be true of them."""
    weights = find_weights(manifest, contents)
    if weights is None:
        raise FormatError(f"{path}: expected {TENSORS} in the package, flat or in weights/<base>/, got none")
    for entry in manifest.base_models:
        said = {adapter.sha256 for adapter in entry.adapters if adapter.sha256}
        if said and contents.members[weights][1] not in said:
            raise IntegrityError(f"{path}, {weights}: expected SHA-256 {', '.join(sorted(said))}, got another")
    listed = dict(manifest.integrity.files or {}) if manifest.integrity else {}
    for name, digest in listed.items():
        found = contents.members.get(name)
        if name not in _UNLISTED and (found is None or found[1] != digest.removeprefix("sha256:")):
            raise IntegrityError(f"{path}, integrity: expected {name} with SHA-256 {digest}, got {found and found[1]}")


def _unproved(file: str, manifest: Manifest) -> Iterator[Problem]:
    if manifest.integrity is None or not manifest.integrity.files:
        yield Problem(file=file, place="/integrity", expected="a hash of every member", got="none")
