"""The files that a manifest names, looked for among a package's members: a path is a key there, and never a path."""

from __future__ import annotations

from expertkit.errors import ManifestError, Problem
from expertkit.fields import Place, show
from expertkit.manifest import Manifest
from expertkit.members.contents import Contents


def check_references(manifest: Manifest, contents: Contents, *, file: str, is_flat: bool = False) -> None:
    """Return if every file without which the expert would answer otherwise is in the package.

    Args:
        manifest: the package's.
        contents: the package's.
        file: what the manifest is called in messages.
        is_flat: whether a file may also lie flat, under the last part of its path, as older programs packed it.

    Raises:
        ManifestError: a grammar or a soft prompt is missing; all problems at once.
    """
    problems: list[Problem] = []
    for keys, name in manifest.needed_files.items():
        names = {name, name.rpartition("/")[2]} if is_flat else {name}
        if not names & contents.members.keys():
            place = Place(file, problems, is_json=True).at(*keys)
            place.wrong("the name of a member of the package", show(name))
    if problems:
        raise ManifestError(problems)
