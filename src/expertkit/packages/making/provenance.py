"""Where a package comes from: digests of everything it was made of. No time, no host, no duration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from expertkit import git, layout
from expertkit.errors import DependencyError
from expertkit.files import canonical_json, read_json, required, sha256_bytes
from expertkit.recipes import Recipe
from expertkit.sources import CODE, digest_sources


def provenance(
    project: Path, recipe: Recipe, *, recipe_digest: str, fingerprint: str, template_hash: str
) -> dict[str, Any]:
    """Content of provenance.json.

    Args:
        project: root of the project.
        recipe: how the expert was made.
        recipe_digest: of the packed recipe.json.
        fingerprint: of the base.
        template_hash: of what the prompt template renders to.

    Raises:
        PackagingError: the data or the training left no record.
    """
    expert = project / layout.EXPERTS / recipe.expert
    data = project / layout.DATA / recipe.expert / layout.SUMMARY
    environment = project / layout.TRAIN / recipe.key / layout.ENVIRONMENT
    required(data, hint=f"expert-cli data build --expert {recipe.expert}")
    required(environment, hint=f"expert-cli train --expert {recipe.expert} --base {recipe.base}")
    return {
        "provenance": 1,
        "sources": {
            "src/expertkit": trace(CODE),
            f"experts/{recipe.expert}": trace(expert),
            "configs": trace(project / "configs"),
            "constraints.txt": trace(project / "constraints.txt"),
            **_own_data(project, recipe),
        },
        "recipe": recipe_digest,
        "data": read_json(data)["digest"],
        "base": {"name": recipe.base, "fingerprint": fingerprint},
        "prompt": {"template": recipe.prompt_template, "hash": template_hash},
        "environment": read_json(environment),
        "environment_fingerprint": sha256_bytes(canonical_json(read_json(environment))),
    }


def _own_data(project: Path, recipe: Recipe) -> dict[str, dict[str, str | None]]:
    """The files of own data that lie elsewhere than with the expert."""
    expert = f"{layout.EXPERTS / recipe.expert}/"
    files = recipe.data.own.files if recipe.data.own else ()
    places = [file.place for file in files if file.format != "huggingface" and not file.place.startswith(expert)]
    return {place: trace(project / place) for place in places}


def trace(path: Path) -> dict[str, str | None]:
    """Digest of a file or folder, and the newest commit that touched it.

    The commit is null where something was modified since, or where there is no git; both are null where there
    is no such path.
    """
    if not path.exists():
        return {"digest": None, "commit": None}
    return {"digest": digest_sources(path), "commit": _commit(path)}


def _commit(path: Path) -> str | None:
    scope = [path.name, f":(exclude){path.name}/{layout.WEIGHTS}"]
    modified = _git(path.parent, "status", "--porcelain", "--untracked-files=all", "--", *scope)
    if modified != "":
        return None
    return _git(path.parent, "log", "-1", "--format=%H", "--", *scope) or None


def _git(folder: Path, *arguments: str) -> str | None:
    """What git prints, or None where there is no git or no repository."""
    try:
        done = git.run(folder, *arguments)
    except DependencyError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
