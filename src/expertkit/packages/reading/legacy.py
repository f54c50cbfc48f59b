"""Packages of other programs: checked as far as they can be, reported as such, never trusted.

Their archive is any tar of regular files, flat or with ``weights/<model>/``; their manifest is read
compatibly; they may hold ``training_args.bin``, a pickle, which nobody opens.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

from expertkit import layout
from expertkit.adapters import Shape
from expertkit.archives.archive import scan
from expertkit.errors import FormatError, IntegrityError, Problem, SignatureError
from expertkit.manifest import BaseEntry, Manifest, Reading, base_slug, load, older_spellings
from expertkit.members.contents import Contents
from expertkit.members.names import SIGNATURE
from expertkit.members.pickles import refuse_pickle
from expertkit.packages import carriers
from expertkit.packages.names import CARRIERS, MANIFEST, OSD
from expertkit.packages.reading.checked import Checked
from expertkit.packages.reading.forms import LARGEST
from expertkit.packages.reading.presence import check_references
from expertkit.packages.reading.tensors import Tensors, describe_entry
from expertkit.packages.sidecar import check_sidecar
from expertkit.signing import legacy

PICKLE = "training_args.bin"
"""What the trainer of that time left beside its adapters."""

_UNLISTED = frozenset({MANIFEST, SIGNATURE})
_KINDS = frozenset({"lora", "dora", "ia3", "osd"})


def open_legacy(path: Path) -> Checked:
    """Check what an archive of another program says about itself.

    Raises:
        FormatError: it is no such archive, lacks manifest or weights, or holds malformed ones.
        ManifestError: its manifest is wrong even for an old one, or names a file that is not there.
        IntegrityError: its bytes are not those that its manifest or the sidecar names.
    """
    check_sidecar(path, largest=LARGEST["legacy"])
    tensors = Tensors()
    contents = scan(path, keep=(MANIFEST,), watch=tensors, form="legacy")
    if MANIFEST not in contents.members:
        raise FormatError(f"{path}: expected {MANIFEST} in the package, got none")
    file = f"{path}: {MANIFEST}"
    reading = load(contents.kept[MANIFEST], file=file, compatible=True)
    manifest = reading.manifest
    check_references(manifest, contents.members, file=file, is_flat=True)
    _check_carriers(path, contents)
    weights = _find_weights(manifest, contents)
    if not weights:
        wanted = " or ".join(CARRIERS)
        raise FormatError(f"{path}: expected {wanted} in the package, flat or in weights/<base>/, got none")
    _check_hashes(path, manifest, contents, weights)
    warnings = (
        *_odd_members(str(path), contents),
        *reading.warnings,
        *_unlisted(file, manifest, contents),
        *_without_weights(file, manifest, weights),
        *_odd_adapters(file, manifest, weights, tensors.shapes),
    )
    reading = Reading(manifest=manifest, warnings=warnings)
    return Checked(contents=contents, reading=reading, weights=weights, headers=tensors.headers)


def describe_signature(path: Path) -> str:
    """What the signature of an old package is worth, in words; it is never enough to trust the package.

    Raises:
        FormatError, ManifestError, IntegrityError: the package is not sound even for an old one.
    """
    checked = open_legacy(path)
    integrity = checked.manifest.raw.get("integrity")
    wanted = "expected a signature that can be trusted, got a legacy package"
    if not isinstance(integrity, dict) or "signature" not in integrity:
        return f"{wanted} without a signature"
    found = {name: digest for name, (_size, digest) in checked.contents.members.items()}
    try:
        signature = legacy.read(integrity)
        covered = signature.check(found)
    except (FormatError, SignatureError) as error:
        return f"{wanted} whose signature does not hold: {error}"
    by = f"key {signature.key.id[:12]}, which the package itself names"
    return f"{wanted}: {by}, signed {covered} of its files, which are as they were; nothing covers its manifest"


def is_legacy_pickle(name: str) -> bool:
    """Whether a member is the one pickle that old packages have, which is never opened and never passed on."""
    return name.rpartition("/")[2] == PICKLE


def _check_carriers(path: Path, contents: Contents) -> None:
    """Which of two in one folder was meant, nobody knows."""
    for name in filter(carriers.is_osd, contents.members):
        folder = name.removesuffix(OSD)
        there = [each for each in CARRIERS if f"{folder}{each}" in contents.members]
        carriers.find(there, file=f"{path}, {folder}" if folder else str(path))


def _find_weights(manifest: Manifest, contents: Contents) -> dict[str, str]:
    """The member that carries each base's adapter, by the base's name, for those whose adapter is there."""
    by_folder = _index_folders(contents)
    slugs = {base_slug(entry.name) for entry in manifest.base_models}
    found = {entry.name: _find_member(entry, by_folder, contents, slugs=slugs) for entry in manifest.base_models}
    return {base: member for base, member in found.items() if member is not None}


def _index_folders(contents: Contents) -> dict[str, str]:
    """The carrier below each folder of ``weights/``, by the folder's name as a base's: the one that lies highest."""
    below = [name.split("/") for name in contents.members if name.startswith(f"{layout.WEIGHTS}/")]
    found = sorted((parts for parts in below if len(parts) > 2 and parts[-1] in CARRIERS), key=len, reverse=True)
    return {base_slug(parts[1]): "/".join(parts) for parts in found}


def _find_member(
    entry: BaseEntry, by_folder: Mapping[str, str], contents: Contents, *, slugs: AbstractSet[str]
) -> str | None:
    """Where a base's tensors are: where the manifest says, in the folder of the base, flat if it is the only one.

    A folder in an older spelling is not the base's where it is called as another of the ``slugs``.
    """
    own = base_slug(entry.name)
    paths = [adapter.path for adapter in entry.adapters if adapter.path]
    said = [name for path in paths for name in (path, *(f"{path}/{carrier}" for carrier in CARRIERS))]
    spelled = [own, *sorted(older_spellings(entry.name) - slugs)]
    candidates = [
        *said,
        *(by_folder[each] for each in spelled if each in by_folder),
        *(CARRIERS if len(slugs) == 1 else []),
    ]
    return next((name for name in candidates if name in contents.members), None)


def _odd_members(file: str, contents: Contents) -> Iterator[Problem]:
    yield Problem(file=file, place="", expected="the form of this program's packages", got="a legacy archive")
    if SIGNATURE in contents.members:
        yield Problem(file=file, place=SIGNATURE, expected="a signature of ours", got="one that nobody trusts")
    for name, head in contents.heads.items():
        if is_legacy_pickle(name):
            yield Problem(file=file, place=name, expected="no pickle", got="one, which is not opened or passed on")
        else:
            refuse_pickle(name, head)


def _check_hashes(path: Path, manifest: Manifest, contents: Contents, weights: Mapping[str, str]) -> None:
    """What the manifest says about the bytes of its weights, and of members, must be true."""
    for entry in manifest.base_models:
        said = {_bare(adapter.sha256) for adapter in entry.adapters if adapter.sha256}
        found = weights.get(entry.name)
        if said and found and contents.members[found][1] not in said:
            raise IntegrityError(f"{path}, {found}: expected SHA-256 {', '.join(sorted(said))}, got another")
    for name, digest in _listed(manifest).items():
        member = contents.members.get(name)
        if name not in _UNLISTED and (member is None or member[1] != _bare(digest)):
            got = member and member[1]
            raise IntegrityError(f"{path}, integrity: expected {name} with SHA-256 {digest}, got {got}")


def _listed(manifest: Manifest) -> Mapping[str, str]:
    """The hashes of members that the manifest names; here a name with an underscore is no comment."""
    files = manifest.raw.get("integrity", {}).get("files") if manifest.integrity else None
    return {name: digest for name, digest in (files or {}).items() if isinstance(digest, str)}


def _bare(digest: str) -> str:
    return digest.removeprefix("sha256:").lower()


def _unlisted(file: str, manifest: Manifest, contents: Contents) -> Iterator[Problem]:
    names = sorted(contents.members.keys() - _listed(manifest).keys() - _UNLISTED)
    if names:
        got = f"none for {', '.join(names)}"
        yield Problem(file=file, place="/integrity", expected="a hash of every member", got=got)


def _without_weights(file: str, manifest: Manifest, weights: Mapping[str, str]) -> Iterator[Problem]:
    """The bases that the manifest names and the package has nothing for."""
    for index, entry in enumerate(manifest.base_models):
        if entry.name not in weights:
            yield Problem(file=file, place=f"/base_models/{index}", expected="its weights in the package", got="none")


def _odd_adapters(
    file: str, manifest: Manifest, weights: Mapping[str, str], shapes: Mapping[str, Mapping[str, Shape]]
) -> Iterator[Problem]:
    """Where a manifest says of an adapter what its tensors do not."""
    for index, entry in enumerate(manifest.base_models):
        if entry.name not in weights or len(entry.adapters) != 1 or entry.adapters[0].type not in _KINDS:
            continue
        member = weights[entry.name]
        said, got = describe_entry(entry.adapters[0]), carriers.describe(member, shapes[member])
        if said != got:
            base = "" if manifest.schema_version == "1.0" else f"/base_models/{index}"
            yield Problem(file=file, place=f"{base}/adapters/0", expected=f"{got}, as its tensors are", got=said)
