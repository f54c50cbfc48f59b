"""The stages from data to package, run with the sources of a tree."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from expertkit.errors import ExpertError
from expertkit.reproduction.origin import Origin

_RECIPE = Path("build/recipe.json")
REFUSED = 12
"""The exit status of ``package`` for an expert that the gate refuses."""


def rebuild(tree: Path, origin: Origin, *, started: Callable[[str], None]) -> bool:
    """Make the package again; give whether the gate let it through.

    Args:
        tree: the project folder, with the sources that make it.
        origin: the package.
        started: told the name of each stage.

    Raises:
        ExpertError: a stage failed.
    """
    path = tree / _RECIPE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(origin.recipe)
    pair = ["--expert", origin.expert, "--base", origin.base]
    _run(tree, ["recipes", "--from", str(_RECIPE)], started)
    _run(tree, ["data", "build", "--expert", origin.expert], started)
    for stage in ("train", "decompose", "evaluate"):
        _run(tree, [stage, *pair], started)
    return _run(tree, ["package", *pair], started, accepted=(0, REFUSED)) == 0


def _run(tree: Path, arguments: list[str], started: Callable[[str], None], *, accepted: tuple[int, ...] = (0,)) -> int:
    started(arguments[0])
    done = subprocess.run(
        [sys.executable, "-c", "from expertkit.cli.main import main; main()", *arguments],
        cwd=tree, env=_environment(tree), stdout=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    if done.returncode not in accepted:
        raise ExpertError(f"{arguments[0]}: expected it to finish, got exit status {done.returncode}; see above")
    return done.returncode


def _environment(tree: Path) -> Mapping[str, str]:
    """The caller's, with the tree's own sources of expertkit first."""
    return {**os.environ, "PYTHONPATH": f"{tree / 'src'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
