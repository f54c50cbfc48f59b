"""The sources that a package was made with, side by side as they were: from git, or from here."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from expertkit import git, layout
from expertkit.errors import CompatibilityError
from expertkit.reproduction.origin import Origin, Source
from expertkit.sources import digest_sources, source_files


@contextmanager
def opened_tree(project: Path, origin: Origin, *, folder: Path | None = None) -> Iterator[Path]:
    """A project folder with the package's sources, its base and its recipe; removed at the end.

    Args:
        project: a clone of the repository that the package comes from, with the base in models/.
        origin: of the package.
        folder: where to make it, and to leave it; by default a temporary one.

    Raises:
        CompatibilityError: a source is found neither in git nor here; all of them at once. Or there is no repository.
    """
    with TemporaryDirectory(prefix="reproduce-") as temporary:
        tree = (folder or Path(temporary) / "project").resolve()
        _git(project, "worktree", "add", "--quiet", "--detach", str(tree), _newest(project, origin.sources))
        try:
            _fill(project, tree, origin)
            yield tree
        finally:
            if folder is None:
                _git(project, "worktree", "remove", "--force", str(tree))


def _fill(project: Path, tree: Path, origin: Origin) -> None:
    missing = [source for source in origin.sources if not _is_there(tree, source) and not _bring(project, tree, source)]
    if missing:
        lines = (
            f"{each.path}: expected the source of digest {each.digest}, got none in git and none here"
            for each in missing
        )
        raise CompatibilityError(*lines, hint="git fetch --unshallow, or work in the repository that it comes from")
    base, there = project / layout.MODELS / origin.base, tree / layout.MODELS / origin.base
    shutil.rmtree(there, ignore_errors=True)
    there.parent.mkdir(exist_ok=True)
    if base.is_dir():
        there.symlink_to(base.resolve())
    for name in ("build", "dist"):
        shutil.rmtree(tree / name, ignore_errors=True)
    if (project / "releases").is_dir() and not (tree / "releases/packages").exists():
        (tree / "releases").mkdir(exist_ok=True)
        (tree / "releases/packages").symlink_to((project / "releases/packages").resolve())


def _is_there(root: Path, source: Source) -> bool:
    path = root / source.path
    return (digest_sources(path) if path.exists() else None) == source.digest


def _bring(project: Path, tree: Path, source: Source) -> bool:
    """Copy a source from here if it is the one; what was modified and never committed is nowhere else."""
    if not _is_there(project, source):
        return False
    here, there = project / source.path, tree / source.path
    files = [here] if here.is_file() else list(source_files(here)) if here.exists() else []
    shutil.rmtree(there, ignore_errors=True)
    for file in files:
        target = there / file.relative_to(here) if here.is_dir() else there
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    return True


def _newest(project: Path, sources: Sequence[Source]) -> str:
    """The commit that has all others of the sources before it; the present one if there is none such."""
    commits = {source.commit for source in sources if source.commit}
    for commit in commits:
        if all(_is_ancestor(project, other, commit) for other in commits):
            return commit
    return "HEAD"


def _is_ancestor(project: Path, first: str, second: str) -> bool:
    return git.run(project, "merge-base", "--is-ancestor", first, second).returncode == 0


def _git(project: Path, *arguments: str) -> None:
    done = git.run(project, *arguments)
    if done.returncode:
        raise CompatibilityError(
            f"git {arguments[0]}: expected the commit of the package in this repository, got {done.stderr.strip()}",
            hint="work in a clone of the repository that it comes from",
        )
