"""Where a package comes from: digests of everything it was made of. No time, no host, no duration."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import expertkit
from expertkit.errors import PackagingError
from expertkit.files import listing_digest, read_json, sha256_file
from expertkit.packages.weights import required
from expertkit.recipes import Recipe

_WEIGHTS = "weights"


def provenance(project: Path, recipe: Recipe, *, recipe_digest: str, fingerprint: str) -> dict[str, Any]:
    """Content of provenance.json.

    Args:
        project: root of the project.
        recipe: how the expert was made.
        recipe_digest: of the packed recipe.json.
        fingerprint: of the base.

    Raises:
        PackagingError: the data or the training left no record.
    """
    expert = project / "experts" / recipe.expert
    code = Path(expertkit.__file__).resolve().parent
    data = project / "build" / "data" / recipe.expert / "data.json"
    environment = project / "build" / "train" / recipe.key / "environment.json"
    required(data, hint=f"expert-cli data build --expert {recipe.expert}")
    required(environment, hint=f"expert-cli train --expert {recipe.expert} --base {recipe.base}")
    return {
        "provenance": 1,
        "sources": {
            "src/expertkit": trace(code),
            f"experts/{recipe.expert}": trace(expert),
            "configs": trace(project / "configs"),
            "constraints.txt": trace(project / "constraints.txt"),
        },
        "recipe": recipe_digest,
        "data": read_json(data)["digest"],
        "base": {"name": recipe.base, "fingerprint": fingerprint},
        "environment": read_json(environment),
    }


def trace(path: Path) -> dict[str, str | None]:
    """Digest of a file or folder, and the newest commit that touched it.

    An expert's weights/, hidden files and Python's caches do not count. The commit is null where something
    was modified since, or where there is no git; both are null where there is no such path.
    """
    if not path.exists():
        return {"digest": None, "commit": None}
    if path.is_file():
        return {"digest": sha256_file(path), "commit": _commit(path)}
    files = {str(file.relative_to(path)): (file.stat().st_size, sha256_file(file)) for file in source_files(path)}
    return {"digest": listing_digest(files), "commit": _commit(path)}


def source_files(folder: Path) -> Iterator[Path]:
    """The files of a folder that people wrote, in no order; a link is an error.

    Raises:
        PackagingError: there is a symbolic link, whose target may be anything.
    """
    for path in folder.iterdir():
        if path.name.startswith(".") or path.name in {_WEIGHTS, "__pycache__"}:
            continue
        if path.is_symlink():
            raise PackagingError(f"{path}: expected a file or folder, got a symbolic link")
        if path.is_dir():
            yield from source_files(path)
        elif path.is_file():
            yield path


def _commit(path: Path) -> str | None:
    scope = [path.name, f":(exclude){path.name}/{_WEIGHTS}"]
    modified = _git(path.parent, "status", "--porcelain", "--untracked-files=all", "--", *scope)
    if modified != "":
        return None
    return _git(path.parent, "log", "-1", "--format=%H", "--", *scope) or None


def _git(folder: Path, *arguments: str) -> str | None:
    """What git prints, or None where there is no git or no repository."""
    if shutil.which("git") is None:
        return None
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, check=False, env=environment)
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else None
