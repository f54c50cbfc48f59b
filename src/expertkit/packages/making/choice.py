"""Which of an expert's base models are meant."""

from __future__ import annotations

from pathlib import Path

from expertkit import layout
from expertkit.errors import CompatibilityError, nearest
from expertkit.files import required
from expertkit.manifest import loads, matching
from expertkit.packages.names import MANIFEST
from expertkit.recipes.experts import expert_names


def choose_bases(project: Path, expert: str, asked: str | None, *, is_all: bool) -> tuple[list[str], list[str]]:
    """The bases that are meant, none where that is open, and all that there are; by the names in the manifest.

    Args:
        project: root of the project.
        expert: whose.
        asked: a base's name, however spelled; an expert of schema 1.0 has one base, and it is ignored.
        is_all: whether every base is meant.

    Raises:
        CompatibilityError: the expert is not for that base, or it is not clear for which.
        PackagingError: there is no such expert.
    """
    path = project / layout.EXPERTS / expert / MANIFEST
    guess = nearest(expert, expert_names(project))
    hint = f"did you mean {guess}?" if guess else "start from the project's root; expert-cli init makes an expert"
    manifest = loads(required(path, hint=hint), file=str(path))
    names = [entry.name for entry in manifest.base_models]
    if is_all or (len(names) == 1 and (asked is None or manifest.schema_version == "1.0")):
        return names, names
    if asked is None:
        return [], names
    found = matching(asked, names)
    if len(found) != 1:
        got = f"{asked!r}, which may be {' or '.join(found)}" if found else repr(asked)
        raise CompatibilityError(f"{path}, base_models: expected one of {', '.join(names)}, got {got}")
    return found, names
