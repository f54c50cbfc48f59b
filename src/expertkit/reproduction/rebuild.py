"""The stages from data to package, run with the sources of a tree."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from expertkit import bases, layout, strict_json
from expertkit.errors import CompatibilityError, ExpertError
from expertkit.files import read_json
from expertkit.packages.names import RECIPE
from expertkit.reproduction.origin import Origin

_RECIPE = Path("build/recipe.json")


def rebuild(tree: Path, origin: Origin, *, started: Callable[[str], None]) -> None:
    """Make the package again, or its refusal.

    Args:
        tree: the project folder, with the sources that make it.
        origin: the package.
        started: told the name of each stage.

    Raises:
        CompatibilityError: base or data are others than those of the package, which is seen before anything is trained.
        ExpertError: a stage failed.
    """
    path = tree / _RECIPE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(origin.recipe)
    pair = ["--expert", origin.expert, "--base", origin.base]
    _run(tree, ["recipes", "--from", str(_RECIPE)], started)
    _run(tree, ["data", "build", "--expert", origin.expert], started)
    _check_inputs(tree, origin)
    for stage in ("train", *(["search"] if _is_searched(origin) else []), "decompose", "evaluate"):
        _run(tree, [stage, *pair], started)
    _run(tree, ["package", *pair, "--record-refusal"], started)


def _is_searched(origin: Origin) -> bool:
    """Whether a search says how the adapter is shipped; the sources of older packages know of none."""
    recipe = strict_json.loads(origin.recipe, file=RECIPE)
    return bool(recipe.get("search", {}).get("enabled"))


def _check_inputs(tree: Path, origin: Origin) -> None:
    """Another base or other data cannot give the same package."""
    found = {
        f"base {origin.base}": (origin.fingerprint, bases.fingerprint(tree / layout.MODELS / origin.base)),
        "data": (origin.data, read_json(tree / layout.DATA / origin.expert / layout.SUMMARY)["digest"]),
    }
    wrong = [f"{name}: expected {then}, got {now}" for name, (then, now) in found.items() if then != now]
    if wrong:
        raise CompatibilityError(*wrong, hint="bring the base and the data of then; the package names their digests")


def _run(tree: Path, arguments: list[str], started: Callable[[str], None]) -> None:
    started(arguments[0])
    done = subprocess.run(
        [sys.executable, "-c", "from expertkit.cli.main import main; main()", *arguments],
        cwd=tree, env=_environment(tree), stdout=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    if done.returncode:
        raise ExpertError(f"{arguments[0]}: expected it to finish, got exit status {done.returncode}; see above")


def _environment(tree: Path) -> Mapping[str, str]:
    """The caller's, with the tree's own sources of expertkit first."""
    return {**os.environ, "PYTHONPATH": f"{tree / 'src'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
