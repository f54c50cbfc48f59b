"""Which members have to be there, and which may be: known without a byte of any but the manifest."""

from __future__ import annotations

from collections.abc import Collection

from expertkit.errors import FormatError, IntegrityError, ManifestError, Problem
from expertkit.fields import Place, show
from expertkit.manifest import Manifest
from expertkit.members.names import SIGNATURE
from expertkit.packages import carriers, names


def check_presence(manifest: Manifest, members: Collection[str], *, file: str) -> None:
    """Return if a package of our own may have these members, and says that it is for one base, with one adapter.

    Args:
        manifest: the package's.
        members: names, that of the manifest among them.
        file: what the package is called in messages.

    Raises:
        FormatError: a member is missing, or there is one that no package has.
        IntegrityError: the manifest is about more than one base or adapter.
        ManifestError: a grammar or a soft prompt that it names is missing.
    """
    check_required(members, file=file)
    check_references(manifest, members, file=f"{file}: {names.MANIFEST}")
    known = {*names.REQUIRED, *names.CARRIERS, *names.OPTIONAL, SIGNATURE, *manifest.needed_files.values()}
    odd = sorted(name for name in members if name not in known and not name.startswith((names.TESTS, names.CUSTOM)))
    if odd:  # what has no meaning is a place to hide
        raise FormatError(f"{file}: expected no members but those of a package, got {', '.join(odd)}")
    if len(manifest.base_models) != 1 or len(manifest.base_models[0].adapters) != 1:
        raise IntegrityError(f"{file}, base_models: expected one base with one adapter, got more")


def check_required(members: Collection[str], *, file: str) -> None:
    """Return if no member is missing without which a file is no package, and one alone carries the adapter.

    Raises:
        FormatError: one is missing, or two carry it.
    """
    missing = sorted(names.REQUIRED.difference(members))
    if missing:
        raise FormatError(f"{file}: expected {', '.join(missing)} in the package, got none")
    carriers.find(members, file=file)


def check_references(manifest: Manifest, members: Collection[str], *, file: str, is_flat: bool = False) -> None:
    """Return if every file without which the expert would answer otherwise is in the package.

    A path in a manifest is a key into the list of members, and never a path.

    Args:
        manifest: the package's.
        members: names.
        file: what the manifest is called in messages.
        is_flat: whether a file may also lie flat, under the last part of its path, as older programs packed it.

    Raises:
        ManifestError: a grammar or a soft prompt is missing; all problems at once.
    """
    problems: list[Problem] = []
    for keys, name in manifest.needed_files.items():
        spelled = {name, name.rpartition("/")[2]} if is_flat else {name}
        if spelled.isdisjoint(members):
            place = Place(file, problems, is_json=True).at(*keys)
            place.wrong("the name of a member of the package", show(name))
    if problems:
        raise ManifestError(problems)
